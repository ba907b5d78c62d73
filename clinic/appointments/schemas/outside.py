"""The form of what becomes of the appointments that fall outside changed hours."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marshmallow import Schema, pre_load

from clinic.appointments.schemas.hours import CHOICE, OTHER_TIME, OutsideChoices
from clinic.core.clock import NonexistentTime, at_wall_time
from clinic.identity.clinics import clinic_service

OTHER = "other"
"""The choice of a time that is typed, instead of one that is proposed."""


class OutsideForm(Schema):
    """What a page sends of the appointments outside: all stay, or there is a field for each, `choice-` and its id."""

    appointments = OutsideChoices()

    @pre_load
    def gather(self, typed: Mapping[str, str], **_options: Any) -> dict[str, Any]:
        """Collect the fields of the appointments, unless all stay."""
        if typed.get("outside") != "choose":
            return {}
        chosen = {name.removeprefix(CHOICE): value for name, value in typed.items() if name.startswith(CHOICE)}
        others = {one: _instant(typed.get(OTHER_TIME + one, "")) for one, value in chosen.items() if value == OTHER}
        return {"appointments": chosen | others}


def _instant(typed: str) -> str:
    """Return the timestamp of a local time like `2026-11-23T09:30`, empty if it is none or the clocks skip it."""
    try:
        return at_wall_time(
            datetime.fromisoformat(typed).replace(tzinfo=None), clinic_service.current().zone
        ).isoformat()
    except (ValueError, NonexistentTime):
        return ""
