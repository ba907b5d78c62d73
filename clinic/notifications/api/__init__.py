"""JSON endpoints of messages to patients."""

from clinic.notifications.api import calls, messages, settings, templates

BLUEPRINTS = (
    messages.blueprint,
    calls.blueprint,
    settings.blueprint,
    templates.blueprint,
    templates.kinds_blueprint,
)
