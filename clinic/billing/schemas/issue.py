"""Schemas of issuing an invoice, and of the particulars that it has from then on."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, pre_load

from clinic.web.field_permissions import FieldPermissionSchema, requires_permission
from clinic.web.fields import Day, Switch, Tick


class IssueSchema(Schema):
    """How a draft is issued: its date, and whether one far from that of the newest invoice is confirmed."""

    issued_on = Day(
        load_default=None,
        metadata={"description": "today unless given, or the date of the newest invoice if that is later"},
    )
    confirm_date = Switch(
        load_default=False,
        metadata={"description": "needed for a date that is more than a day after that of the newest invoice"},
    )


class IssueForm(IssueSchema):
    """The form of issuing a draft: a date left empty is that of today."""

    confirm_date = Tick(load_default=False)

    @pre_load
    def drop_version(self, typed: Mapping[str, str], **_options: Any) -> dict[str, Any]:
        """Leave out the version and an empty date."""
        return {name: value for name, value in typed.items() if name != "version" and (value or name != "issued_on")}


class SellerSchema(Schema):
    """The seller, as printed."""

    name = fields.String(dump_only=True)
    address = fields.String(dump_only=True, allow_none=True)
    phone = fields.String(dump_only=True, allow_none=True)
    email = fields.String(dump_only=True, allow_none=True)
    tax_number = fields.String(dump_only=True, allow_none=True)
    iban = fields.String(dump_only=True, allow_none=True)
    bic = fields.String(dump_only=True, allow_none=True)
    footer = fields.String(dump_only=True, allow_none=True)


class BilledToSchema(FieldPermissionSchema):
    """The payer, as printed: a person of whom there is a record has a family and a given name."""

    name = fields.String(dump_only=True, allow_none=True)
    family_name = fields.String(dump_only=True, allow_none=True)
    given_name = fields.String(dump_only=True, allow_none=True)
    address = requires_permission("patients:contact", fields.String(dump_only=True, allow_none=True))
    tax_number = requires_permission("patients:contact", fields.String(dump_only=True, allow_none=True))


class BilledVisitSchema(Schema):
    """A visit, as printed: its day, its local time, and with whom."""

    appointment_id = fields.UUID(dump_only=True)
    day = fields.String(dump_only=True)
    time = fields.String(dump_only=True)
    practitioner = fields.String(dump_only=True)


class CopiedParticularsSchema(FieldPermissionSchema):
    """What a document says of seller and payer."""

    seller = fields.Nested(SellerSchema, dump_only=True, allow_none=True)
    billed_to = requires_permission(
        "patients:read",
        fields.Nested(
            BilledToSchema,
            dump_only=True,
            allow_none=True,
            attribute="billed_payer",
            metadata={"description": "the payer as printed"},
        ),
    )


class IssuedParticularsSchema(CopiedParticularsSchema):
    """What an invoice has since it was issued; null while it is a draft."""

    issued_on = fields.Date(dump_only=True, allow_none=True)
    due_on = fields.Date(
        dump_only=True, allow_none=True, metadata={"description": "null too if it was issued before there were terms"}
    )
    served_from = fields.Date(dump_only=True, allow_none=True, metadata={"description": "the day of the first visit"})
    served_until = fields.Date(dump_only=True, allow_none=True, metadata={"description": "the day of the last visit"})
    visits = requires_permission("appointments:read", fields.List(fields.Nested(BilledVisitSchema), dump_only=True))
