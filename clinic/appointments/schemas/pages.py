"""Query parameters of the schedule's pages."""

from typing import Any

from marshmallow import Schema

from clinic.appointments.schemas.appointments import DayQuery
from clinic.appointments.schemas.resources import RecordId
from clinic.web.fields import Choice

EVERYBODY = "all"


class ShownPractitioner(RecordId):
    """The practitioner whose day is shown, or `all`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return value if value == EVERYBODY else super()._deserialize(value, attr, data, **kwargs)


class ScheduleQuery(DayQuery):
    """The day of the schedule, and the practitioner to whom it is limited."""

    practitioner = ShownPractitioner("a practitioner")


class InactiveQuery(Schema):
    """Whether a list also has the inactive records."""

    inactive = Choice("1")
