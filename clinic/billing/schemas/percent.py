"""A field of a rate in percent."""

import re
from fractions import Fraction
from typing import Any

from marshmallow import ValidationError, fields

from clinic.billing.price_rules import BAD_RATE, rate_thousandths
from clinic.web.fields import Messages, described, quantity_text

_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3})?", re.ASCII)


class Percent(fields.Field[Fraction]):
    """A rate in percent as a decimal text with at most three digits after the point: above 0, up to 100."""

    def __init__(self, **options: Any) -> None:
        messages: Messages = {"required": BAD_RATE, "null": BAD_RATE}
        super().__init__(error_messages=messages, **described(options, type="string", example="23"))

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else quantity_text(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Fraction:
        if not isinstance(value, str) or not _PERCENT.fullmatch(value) or rate_thousandths(Fraction(value)) is None:
            raise ValidationError(BAD_RATE)
        return Fraction(value)
