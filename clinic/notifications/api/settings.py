"""JSON endpoints of the settings of messages."""

from typing import Any

from flask.typing import ResponseReturnValue

from clinic.notifications.schemas.settings import SettingsPatch, SettingsSchema
from clinic.notifications.settings import settings_service
from clinic.web.authorization import requires
from clinic.web.json_api import ApiBlueprint, expected_version, handle_stale_version, single
from clinic.web.openapi import RECORD_HEADERS

blueprint = ApiBlueprint(
    "notification_settings",
    __name__,
    path="notification-settings",
    noun="notification-settings",
    description="When a clinic reminds its patients, and when it is quiet",
)
handle_stale_version(blueprint, settings_service.get, SettingsSchema)


@blueprint.get("")
@requires("clinic:read")
@blueprint.problems()
@blueprint.conditional()
@blueprint.response(200, SettingsSchema, headers=RECORD_HEADERS)
def show() -> ResponseReturnValue:
    """Return the settings of messages."""
    return single(settings_service.get())


@blueprint.patch("")
@requires("clinic:write")
@blueprint.problems()
@blueprint.versioned(required=True)
@blueprint.merge_patch(SettingsPatch)
@blueprint.response(200, SettingsSchema, headers=RECORD_HEADERS)
def update(fields: dict[str, Any]) -> ResponseReturnValue:
    """Update the settings of messages; planned reminders follow within a minute.

    Of `service_reminders` only the named services are changed; null gives a service the reminders of the clinic.
    """
    return single(settings_service.update(version=expected_version(settings_service.get), **fields))
