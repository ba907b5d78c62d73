"""The lists of a patient's record: former names, other phones, emails and addresses, identifiers."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from clinic.core.phone_numbers import MAX_PHONE
from clinic.patients.contact_rules import uses_of
from clinic.patients.identifier_rules import IDENTIFIER_TYPES, checked_identifier
from clinic.patients.models.details import ADDRESS, EMAIL, PHONE
from clinic.patients.schemas.patient_fields import CONTACT, PastDate, load_phone
from clinic.web.field_permissions import FieldPermissionSchema, requires_permission
from clinic.web.fields import Choice, Day, Email, Line, Paragraph, Part

MOST_ROWS = 20
MAX_ADDRESS = 500
MAX_IDENTIFIER = 60
TWICE = "This is entered twice"


class FormerNameSchema(Schema):
    """A name that the patient had before; `until` is a date that may be partly unknown."""

    family_name = Line()
    given_name = Line()
    until = PastDate()
    reason = Line(metadata={"description": "why it changed", "example": "Marriage"})

    @validates_schema(skip_on_field_errors=False)
    def check_named(self, data: Mapping[str, Any], **_options: Any) -> None:
        """Require a name."""
        if not (data.get("family_name") or data.get("given_name")):
            raise ValidationError("Enter the former family name or given name", "family_name")


class OtherContactSchema(Schema):
    """A way to reach the patient beside the one that is used, with its use and the days of its period."""

    use = Choice(*uses_of(PHONE), allow_none=True)
    valid_from = Day()
    valid_until = Day()

    @validates_schema(skip_on_field_errors=False)
    def check_period(self, data: Mapping[str, Any], **_options: Any) -> None:
        """Refuse a period that ends before it begins."""
        first, last = data.get("valid_from"), data.get("valid_until")
        if first and last and last < first:
            raise ValidationError("The last day is before the first one", "valid_until")


class OtherPhoneSchema(OtherContactSchema):
    """A phone beside the one that is used."""

    value = Line(max_length=MAX_PHONE, required=True, what="the phone number")


class OtherEmailSchema(OtherContactSchema):
    """An email address beside the one that is used."""

    value = Email(required=True, what="the email address")
    use = Choice(*uses_of(EMAIL), allow_none=True)


class OtherAddressSchema(OtherContactSchema):
    """An address beside the one that is used."""

    value = Paragraph(max_length=MAX_ADDRESS, required=True, what="the address")
    use = Choice(*uses_of(ADDRESS), allow_none=True)


class IdentifierSchema(Schema):
    """A number by which others know the patient; it is stored without separators if its type has a check digit."""

    type = Choice(*IDENTIFIER_TYPES, required=True, what="the type of the number")
    value = Line(max_length=MAX_IDENTIFIER, required=True, what="the number")
    issuer = Line(metadata={"description": "the insurer, the country of a passport, the old system"})


class UseContactSchema(FieldPermissionSchema):
    """One of a patient's other phones, emails or addresses, which is to be used."""

    kind = Choice(PHONE, EMAIL, ADDRESS, required=True, what="phone, email or address")
    value = requires_permission(
        CONTACT, Paragraph(max_length=MAX_ADDRESS, required=True, what="one of the others on record")
    )


class Rows(fields.List[Any]):
    """A list that is replaced as a whole; null empties it."""

    def __init__(self, item: type[Schema], what: str) -> None:
        nested = Part(item, what)
        super().__init__(
            nested,
            allow_none=True,
            error_messages={"invalid": f"Enter a list, each {what} as an object"},
            metadata={"maxItems": MOST_ROWS, "description": "replaced as a whole, null empties it"},
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, list) and len(value) > MOST_ROWS:
            raise ValidationError(f"Enter at most {MOST_ROWS}")
        try:
            rows: Any = super()._deserialize(value, attr, data, **kwargs | {"partial": False})  # each row is whole
        except ValidationError as error:  # without the valid parts of its rows, which nobody could read as rows
            raise ValidationError(error.messages) from error
        problems: dict[int, dict[str, list[str]]] = {}
        for position, row in enumerate(rows):
            try:
                rows[position] = self._checked(row, rows[:position])
            except ValidationError as error:
                problems[position] = {"value": [str(one) for one in error.messages]}
        if problems:
            raise ValidationError(problems)
        return rows

    def _checked(self, row: dict[str, Any], before: list[dict[str, Any]]) -> dict[str, Any]:
        """Return a row as it is stored.

        :raises ValidationError: about its value
        """
        return row


class Contacts(Rows):
    """Further phones, emails or addresses."""

    def _checked(self, row: dict[str, Any], before: list[dict[str, Any]]) -> dict[str, Any]:
        if any(row["value"] == other["value"] for other in before):
            raise ValidationError(TWICE)
        return row


class Phones(Contacts):
    """Further phones of a `PatientSchema`."""

    def _checked(self, row: dict[str, Any], before: list[dict[str, Any]]) -> dict[str, Any]:
        number = load_phone(row["value"], getattr(self.parent, "stored_phones", tuple))
        return super()._checked(row | {"value": number}, before)


class Identifiers(Rows):
    """Numbers with a type and the check digit of that type."""

    def _checked(self, row: dict[str, Any], before: list[dict[str, Any]]) -> dict[str, Any]:
        value, problem = checked_identifier(row["type"], row["value"])
        if problem:
            raise ValidationError(problem)
        if any((row["type"], value) == (other["type"], other["value"]) for other in before):
            raise ValidationError(TWICE)
        return row | {"value": value}
