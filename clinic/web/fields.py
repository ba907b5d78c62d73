"""Fields of schemas, with the same messages for pages, JSON and commands."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from email_validator import EmailNotValidError, validate_email
from marshmallow import Schema, ValidationError, fields

from clinic.core.money import BadAmount, Money, is_currency
from clinic.core.text import has_encoded_word, is_storable, nfc, strip_bidi_controls, strip_invisible_marks

Messages = dict[str, str | list[Any] | dict[Any, Any]]

MAX_LINE = 200
MAX_PARAGRAPH = 2000
MAX_EMAIL = 254
_MOST_COMPOSED = 4
"""The most characters that NFC composes into one."""

_UNREADABLE = "\ufffd"
"""The replacement character of bytes that are not UTF-8."""

_EARLIEST, _LATEST = 1900, 9000
"""Years far enough from the limits of datetime for every time zone."""

CURRENCY_PATTERN = "^[A-Z]{3}$"

NOT_READABLE = "Some characters could not be read: enter them again"
NOT_AN_EMAIL = "Enter an email address like name@example.org"
NOT_A_BOOLEAN = "Enter true or false"
NOT_A_DAY = "Enter a date like 2026-11-23"
NOT_A_TIMESTAMP = "Enter a date and time with its offset, like 2026-11-23T09:30:00+01:00"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.+\-Zz]{5,30}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_QUANTITY = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?", re.ASCII)


class Line(fields.String):
    """One line of text: NFC, trimmed, without control characters and invisible marks; an invisible one is None."""

    may_have_encoded_words = False

    def __init__(self, *, max_length: int = MAX_LINE, what: str = "this", **options: Any) -> None:
        options.setdefault("allow_none", not options.get("required"))
        missing = f"Enter {what}"
        super().__init__(error_messages={"required": missing, "null": missing, "invalid": "Enter text"}, **options)
        self.max_length = max_length
        self.missing = missing

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if len(value) > _MOST_COMPOSED * self.max_length:
            raise ValidationError(f"Enter at most {self.max_length} characters")
        text = self._tidy(self._strip(value))
        if _UNREADABLE in text:
            raise ValidationError(NOT_READABLE)
        if not is_storable(text) or not self._allows(text):
            raise ValidationError("Leave out control characters")
        if has_encoded_word(text) and not self.may_have_encoded_words:
            raise ValidationError("Leave out mail header code like =?utf-8?q?")
        if len(text) > self.max_length:
            raise ValidationError(f"Enter at most {self.max_length} characters")
        if not text and not self.allow_none:
            raise ValidationError(self.missing)
        return text or None

    def _strip(self, value: str) -> str:
        return strip_invisible_marks(value)

    def _tidy(self, value: str) -> str:
        if not is_storable(value):
            return value
        return "" if _is_invisible(value) else nfc(value).strip()

    def _allows(self, text: str) -> bool:
        return "\n" not in text and "\t" not in text and "\u2028" not in text and "\u2029" not in text


class Paragraph(Line):
    """Several lines of text."""

    may_have_encoded_words = True

    def __init__(self, *, max_length: int = MAX_PARAGRAPH, **options: Any) -> None:
        super().__init__(max_length=max_length, **options)

    def _strip(self, value: str) -> str:
        return strip_bidi_controls(value).replace("\r\n", "\n")

    def _allows(self, text: str) -> bool:
        return True


class Choice(Line):
    """One of a few values."""

    def __init__(self, *choices: str, what: str = "one of these", **options: Any) -> None:
        super().__init__(what=what, **described(options, enum=list(choices)))
        self.choices = choices

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is not None and text not in self.choices:
            raise ValidationError(f"Choose one of: {', '.join(self.choices)}")
        return text


class Email(Line):
    """An email address in its normal form; whether its domain receives mail is not checked."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_EMAIL, **described(options, format="email"))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return validate_email(text, check_deliverability=False).normalized if text else None
        except EmailNotValidError as error:
            raise ValidationError(NOT_AN_EMAIL) from error


class Day(Line):
    """A day of the calendar, `YYYY-MM-DD`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            day = date.fromisoformat(text) if text and _DAY.fullmatch(text) else None
        except ValueError:
            day = None
        if text and (day is None or not _EARLIEST <= day.year <= _LATEST):
            raise ValidationError(NOT_A_DAY)
        return day


class Count(fields.Field[int]):
    """A whole number in plain ASCII digits."""

    def __init__(self, *, least: int, most: int, what: str = "a whole number", **options: Any) -> None:
        self.message = f"Enter {what} from {least} to {most}"
        options.setdefault("error_messages", {"required": self.message})
        super().__init__(**described(options, type="integer", minimum=least, maximum=most))
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if value == "" and self.allow_none:
            return None
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        text = strip_invisible_marks(text) if isinstance(text, str) else text
        if not isinstance(text, str) or not _NUMBER.fullmatch(text) or not self.least <= int(text) <= self.most:
            raise ValidationError(self.message)
        return int(text)


class Timestamp(fields.AwareDateTime):
    """A timestamp of RFC 3339 with its offset; loaded and dumped in UTC."""

    def __init__(self, **options: Any) -> None:
        missing = dict.fromkeys(("required", "null"), "Enter a date and time")
        invalid = dict.fromkeys(("invalid", "invalid_awareness"), NOT_A_TIMESTAMP)
        super().__init__(error_messages={**missing, **invalid}, **options)

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
            raise self.make_error("invalid")
        moment = super()._deserialize(value.upper(), attr, data, **kwargs)
        if not _EARLIEST <= moment.year <= _LATEST:
            raise self.make_error("invalid")
        return moment.astimezone(UTC)


class Switch(fields.Boolean):
    """True or false, and nothing that only reads like one."""

    def __init__(self, **options: Any) -> None:
        messages: Messages = dict.fromkeys(("required", "null", "invalid"), NOT_A_BOOLEAN)
        super().__init__(error_messages=messages, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class Tick(Switch):
    """Whether a box of a form is ticked, or which of two buttons: `1`, or `0` and nothing."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        typed = {"1": True, "0": False, "": False}.get(value, value) if isinstance(value, str) else value
        return super()._deserialize(typed, attr, data, **kwargs)


class Part(fields.Nested):
    """An object in a field of a record; `what` names it where something else was sent."""

    def __init__(self, schema: type[Schema], what: str, **options: Any) -> None:
        super().__init__(schema, **options)
        self.message = f"Enter {what} as an object"

    def _deserialize(self, value: Any, attr: str | None, data: Any, partial: Any = None, **kwargs: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValidationError(self.message)
        return super()._deserialize(value, attr, data, partial=partial, **kwargs)


class MoneyField(fields.Field[Money]):
    """Money as `{"amount": "45.00", "currency": "EUR"}`, exact, with the currency's own digits."""

    def __init__(self, **options: Any) -> None:
        messages: Messages = {"required": "Enter an amount", "null": "Enter an amount"}
        super().__init__(error_messages=messages, **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> dict[str, str] | None:
        return None if value is None else {"amount": value.amount, "currency": value.currency}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Money:
        if not isinstance(value, Mapping) or value.keys() != {"amount", "currency"}:
            raise ValidationError('Enter money as {"amount": "45.00", "currency": "EUR"}')
        amount, currency = value["amount"], value["currency"]
        if not isinstance(currency, str) or not is_currency(currency):
            raise ValidationError({"currency": ["Enter a currency code of ISO 4217, like EUR"]})
        if not isinstance(amount, str):
            raise ValidationError({"amount": ["Enter the amount as text, like 45.00"]})
        try:
            return Money.parse(amount, currency)
        except BadAmount as error:
            raise ValidationError({"amount": [str(error)]}) from error


class Quantity(fields.Field[Fraction]):
    """A quantity as a decimal text with at most three digits after the point; more than nothing."""

    def __init__(self, **options: Any) -> None:
        messages: Messages = {"required": "Enter a quantity", "null": "Enter a quantity"}
        super().__init__(error_messages=messages, **described(options, type="string", example="1"))

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str:
        return quantity_text(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Fraction:
        if not isinstance(value, str) or not _QUANTITY.fullmatch(value) or not Fraction(value):
            raise ValidationError("Enter a quantity like 1 or 2.5")
        return Fraction(value)


def id_messages(what: str) -> Messages:
    """Return the messages of a `fields.UUID` that names a record; each asks to choose one."""
    return dict.fromkeys(("required", "null", "invalid_uuid"), f"Choose {what}")


def described(options: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """Return the options of a field with metadata for its OpenAPI description, which they may override, None omits."""
    merged = {**metadata, **options.get("metadata", {})}
    return {**options, "metadata": {name: value for name, value in merged.items() if value is not None}}


def _is_invisible(text: str) -> bool:
    return all(char.isspace() or unicodedata.category(char) == "Cf" for char in text)


def quantity_text(value: Fraction) -> str:
    """Return a quantity of at most three digits after the point as a plain decimal."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return f"{exact:.3f}".rstrip("0").rstrip(".")
