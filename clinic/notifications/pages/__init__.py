"""Pages of messages to patients, and the public ones behind the links in them."""

from clinic.notifications.pages import (
    calls,
    explanations,
    invoice_mails,
    message,
    message_links,
    messages,
    next_messages,
    other_channels,
    settings,
    templates,
    visit_links,
)
from clinic.notifications.pages.blueprint import blueprint
from clinic.notifications.pages.panels import panels_of
from clinic.notifications.pages.public_blueprint import public_blueprint

__all__ = [
    "blueprint",
    "calls",
    "explanations",
    "invoice_mails",
    "message",
    "message_links",
    "messages",
    "next_messages",
    "other_channels",
    "panels_of",
    "public_blueprint",
    "settings",
    "templates",
    "visit_links",
]
