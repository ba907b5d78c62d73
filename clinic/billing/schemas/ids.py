"""Fields of ids."""

from typing import Any
from uuid import UUID

from marshmallow import ValidationError, fields

from clinic.web.fields import id_messages


class OptionalId(fields.UUID):
    """The id of a record, or None for an empty text."""

    def __init__(self, what: str, **options: Any) -> None:
        metadata = {"format": "uuid or empty"} | options.pop("metadata", {})
        super().__init__(error_messages=id_messages(what), allow_none=True, metadata=metadata, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return None if value == "" else super()._deserialize(value, attr, data, **kwargs)


class Ids(fields.List[UUID]):
    """The ids of some records, without duplicates."""

    def __init__(self, *, message: str, **options: Any) -> None:
        super().__init__(fields.UUID(), error_messages={"null": message}, **options)
        self.message = message

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[UUID | None]:
        try:
            return list(dict.fromkeys(super()._deserialize(value, attr, data, **kwargs)))
        except ValidationError as error:
            raise ValidationError(self.message) from error
