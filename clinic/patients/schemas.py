"""The schema of a patient, for JSON, forms and commands."""

import re
from collections.abc import Callable
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from clinic.core.clock import today
from clinic.core.context import current_actor
from clinic.identity.clinics import clinic_service
from clinic.patients.phone_numbers import phone_number, phone_number_message
from clinic.patients.rules import SEXES, birth_date_problem
from clinic.web.field_permissions import FieldPermissionSchema, requires_permission
from clinic.web.fields import Choice, Email, Line, Paragraph, Timestamp, described

CONTACT = "patients:contact"
MAX_PHONE = 50
_STORED_PHONE = re.compile(r"\+[0-9]+(;ext=[0-9]+)?", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?", re.ASCII)


class Phone(Line):
    """A phone number as RFC 3966 writes it, without `tel:`; one without a country code is of the clinic's country.

    The number that the record already has stays, even if it is none.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_PHONE, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is None:
            return None
        country = clinic_service.current().country
        number = phone_number(text, country)
        if number != text and self._is_stored(text):
            return text
        if number is None:
            raise ValidationError(phone_number_message(country))
        return number

    def _is_stored(self, text: str) -> bool:
        """Return whether the record has this number; those who may not see it can't find out."""
        if not isinstance(self.parent, PatientSchema) or not current_actor().has_permission(CONTACT):
            return False
        return bool(_STORED_PHONE.fullmatch(text)) and text == self.parent.stored_phone()


class BirthDate(Line):
    """`YYYY-MM-DD`, or `YYYY-MM` or `YYYY` where the rest is unknown."""

    def __init__(self, **options: Any) -> None:
        pattern = "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"
        super().__init__(max_length=20, **described(options, pattern=pattern))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is not None and (problem := birth_date_problem(text, today(clinic_service.current().zone))):
            raise ValidationError(problem)
        return text


class Sex(Choice):
    """Sex recorded for care; without a value it is `unknown`."""

    def __init__(self) -> None:
        super().__init__(*SEXES, allow_none=True)

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """Return the value, `unknown` for none."""
        found = super().deserialize(value, attr, data, **kwargs)
        return "unknown" if found is None else found


class Language(Line):
    """A language tag of BCP 47 such as `pt` or `pt-BR`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=16, **described(options, pattern=f"^{_LANGUAGE.pattern}$"))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is not None and not _LANGUAGE.fullmatch(text):
            raise ValidationError("Enter a language code like pt or pt-BR")
        return text


class PatientSchema(FieldPermissionSchema):
    """A patient with contact details; a given or a family name is required.

    `stored_phone` returns the phone number of the record that is changed.
    """

    def __init__(self, *, stored_phone: Callable[[], str | None] = lambda: None, **options: Any) -> None:
        super().__init__(**options)
        self.stored_phone = stored_phone

    id = fields.UUID(dump_only=True)
    mrn = fields.String(dump_only=True, metadata={"description": "medical record number"})
    given_name = Line()
    family_name = Line()
    preferred_name = Line()
    birth_date = BirthDate()
    sex = Sex()
    pronouns = Line(max_length=50)
    phone = requires_permission(CONTACT, Phone())
    email = requires_permission(CONTACT, Email())
    language = Language()
    address = requires_permission(CONTACT, Paragraph(max_length=500))
    version = fields.Integer(dump_only=True, metadata={"minimum": 1})
    created_at = Timestamp(dump_only=True)
    updated_at = Timestamp(dump_only=True)

    @validates_schema(skip_on_field_errors=False)
    def check_named(self, data: dict[str, Any], **options: Any) -> None:
        """Require a name, even if other fields are invalid, so that all errors are returned at once."""
        if not options.get("partial") and not (data.get("family_name") or data.get("given_name")):
            raise ValidationError("Enter the family name or the given name", "family_name")
