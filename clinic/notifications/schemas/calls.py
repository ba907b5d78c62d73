"""Schemas of calls to patients."""

from marshmallow import Schema, fields

from clinic.notifications.models import RESULTS
from clinic.web.field_permissions import FieldPermissionSchema, requires_permission
from clinic.web.fields import Choice, Line, Timestamp


class ToCallSchema(FieldPermissionSchema):
    """A call that is to be made: the visit, the patient, and the message that did not reach them."""

    appointment_id = fields.UUID(dump_only=True)
    patient_id = fields.UUID(dump_only=True, attribute="patient.id")
    starts_at = Timestamp(dump_only=True, attribute="appointment.starts_at")
    practitioner_id = fields.UUID(dump_only=True, attribute="practitioner.id")
    phone = requires_permission(
        "patients:contact", fields.String(dump_only=True, allow_none=True, attribute="patient.phone")
    )
    notification_id = fields.UUID(dump_only=True, allow_none=True, attribute="message.id")
    reason = fields.String(dump_only=True, allow_none=True, attribute="message.reason")
    tries = fields.Integer(dump_only=True, metadata={"minimum": 0, "description": "calls that nobody answered"})


class CallsSchema(Schema):
    """The calls to be made, the earliest visit first."""

    data = fields.List(fields.Nested(ToCallSchema), required=True)


class RecordedCallSchema(Schema):
    """How a call went; who will come has confirmed the appointment."""

    result = Choice(*RESULTS, what="how the call went", required=True)
    note = Line()


class CallSchema(Schema):
    """A call that was made."""

    id = fields.UUID(dump_only=True)
    appointment_id = fields.UUID(dump_only=True)
    patient_id = fields.UUID(dump_only=True)
    result = fields.String(dump_only=True, metadata={"enum": list(RESULTS)})
    note = fields.String(dump_only=True, allow_none=True)
    made_at = Timestamp(dump_only=True)
