"""Fields of the standing of an invoice."""

from datetime import timedelta
from typing import Any

from marshmallow import fields

from clinic.billing.rules import REVERSED
from clinic.billing.standings import OVERDUE, STANDINGS, is_late, standing_key
from clinic.core.clock import now, today
from clinic.identity.clinics import clinic_service
from clinic.web.fields import described

_FURTHEST_ZONE = timedelta(hours=14)
"""No zone is further from UTC: UTC+14, Pacific/Kiritimati."""


class StandingField(fields.String):
    """The standing of an invoice as lists name it."""

    def __init__(self) -> None:
        super().__init__(
            dump_only=True,
            attribute="standing",
            **described({}, enum=[*(one for one in STANDINGS if one != OVERDUE), REVERSED]),
        )

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str:
        return standing_key(value)


class OverdueField(fields.Boolean):
    """Whether an invoice is open and its due date is over in the clinic's day."""

    def __init__(self) -> None:
        super().__init__(dump_only=True, attribute="due_on", metadata={"description": "open, and due before today"})

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> bool:
        if not obj.is_open:
            return False
        earliest, latest = (now() + hours for hours in (-_FURTHEST_ZONE, _FURTHEST_ZONE))
        if is_late(value, earliest.date()) == (late := is_late(value, latest.date())):
            return late  # in every zone: the clinic need not be read
        return is_late(value, today(clinic_service.current().zone))
