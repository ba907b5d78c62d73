"""Schemas of visits that are not billed yet."""

from marshmallow import Schema, fields

from clinic.billing.rules import NO_VISIT
from clinic.billing.schemas.ids import Ids, OptionalId
from clinic.web.fields import Day, MoneyField, Timestamp, id_messages
from clinic.web.json_api import ListQuery


class UnbilledVisitSchema(Schema):
    """A visit that took place and is on no invoice or draft; the price is null if one of its items has none."""

    appointment_id = fields.UUID(dump_only=True, attribute="id")
    patient_id = fields.UUID(dump_only=True)
    service_id = fields.UUID(dump_only=True, allow_none=True, attribute="appointment.service_id")
    starts_at = Timestamp(dump_only=True)
    price = MoneyField(dump_only=True, metadata={"description": "today’s price of the items of its service"})


class UnbilledQuery(ListQuery):
    """Filters of the list of unbilled visits."""

    patient_id = fields.UUID(error_messages=id_messages("a patient"))
    practitioner_id = OptionalId("a practitioner")
    service_id = OptionalId("a service")
    since = Day(metadata={"description": "the first day"})
    until = Day(metadata={"description": "the last day"})


class VisitsSchema(Schema):
    """The visits of one patient that a draft is made for."""

    appointment_ids = Ids(message=NO_VISIT, required=True, metadata={"minItems": 1})
