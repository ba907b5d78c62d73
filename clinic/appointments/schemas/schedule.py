"""Schemas of the schedule's pages."""

from marshmallow import Schema, fields

from clinic.appointments.rules import STATES
from clinic.appointments.schemas.appointments import DayQuery, WallTime
from clinic.appointments.schemas.resources import RecordIds
from clinic.web.fields import Choice, Day, id_messages


class SchedulePageQuery(DayQuery):
    """The day of the schedule, the state to which it is limited, and the appointment that is shown beside it."""

    state = Choice(*STATES, what="a state")
    appointment = fields.UUID(error_messages=id_messages("an appointment"))


class ShownPractitionersSchema(Schema):
    """Whose days the schedule shows, and the day on which this was chosen."""

    day = Day(load_default=None)
    practitioner_ids = RecordIds(message="Choose practitioners", load_default=list)


class ActSchema(Schema):
    """A change of an appointment's state: when it happened, now if not given, and the page from which it was sent."""

    at = WallTime(load_default=None)
    origin = Choice("day", "appointment", "patient", what="a page", load_default="appointment", allow_none=False)
