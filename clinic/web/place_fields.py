"""Fields of schemas for a clinic's country, time zone and locale."""

from typing import Any

from marshmallow import ValidationError

from clinic.core.places import find_time_zone, is_country
from clinic.identity.rules import is_locale
from clinic.web.fields import Line


class Country(Line):
    """The ISO 3166 code of a country, like `PT`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(what="a country code of ISO 3166, like PT", **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        code = text and text.upper()
        if code is not None and not is_country(code):
            raise ValidationError(self.missing)
        return code


class Zone(Line):
    """The IANA name of a place's time zone, like `Europe/Lisbon`; another name for it is replaced."""

    def __init__(self, **options: Any) -> None:
        super().__init__(what="a time zone of the IANA list, like Europe/Lisbon", **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        zone = find_time_zone(super()._deserialize(value, attr, data, **kwargs))
        if zone is None:
            raise ValidationError(f"{self.missing}: a name of a place, not of an offset")
        return zone.name


class LocaleName(Line):
    """A language and a country, like `pt_PT`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=16, what="a language and country, like en_GB or pt_PT", **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not is_locale(text):
            raise ValidationError(self.missing)
        return text
