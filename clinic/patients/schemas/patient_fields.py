"""Fields of a patient's record that are no plain text."""

import re
from collections.abc import Callable, Collection
from typing import Any

from marshmallow import ValidationError

from clinic.core.clock import today
from clinic.core.context import current_actor
from clinic.core.phone_numbers import MAX_PHONE, phone_number, phone_number_message
from clinic.identity.clinics import clinic_service
from clinic.patients.rules import SEXES, birth_date_problem
from clinic.web.fields import Choice, Line, described

CONTACT = "patients:contact"
NOT_A_PARTIAL_DATE = "Enter a year, a month or a day of the past, like 2019, 2019-06 or 2019-06-21"
_PARTIAL_DATE = "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"
_STORED_PHONE = re.compile(r"\+[0-9]+(;ext=[0-9]+)?", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?", re.ASCII)

StoredPhones = Callable[[], Collection[str]]
"""Returns the phone numbers of the record that is changed."""


def load_phone(text: str, stored_phones: StoredPhones) -> str:
    """Return a phone number as RFC 3966 writes it, without `tel:`; one without a country code is of the clinic's.

    A number that the record already has stays, even if it is none; those who may not see it can't find out.

    :raises ValidationError: if it is no number
    """
    country = clinic_service.current().country
    number = phone_number(text, country)
    if number == text:
        return text
    may_see = current_actor().has_permission(CONTACT)
    if may_see and _STORED_PHONE.fullmatch(text) and text in stored_phones():
        return text
    if number is None:
        raise ValidationError(phone_number_message(country))
    return number


class Phone(Line):
    """A phone number of a `PatientSchema`, see `load_phone`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_PHONE, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        return None if text is None else load_phone(text, getattr(self.parent, "stored_phones", tuple))


class BirthDate(Line):
    """`YYYY-MM-DD`, or `YYYY-MM` or `YYYY` where the rest is unknown."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=20, **described(options, pattern=_PARTIAL_DATE))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is not None and (problem := birth_date_problem(text, today(clinic_service.current().zone))):
            raise ValidationError(self._message(problem))
        return text

    def _message(self, problem: str) -> str:
        return problem


class PastDate(BirthDate):
    """A day of the past, of which the day, or the month too, may be unknown."""

    def _message(self, problem: str) -> str:
        return NOT_A_PARTIAL_DATE


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
