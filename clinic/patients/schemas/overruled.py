"""What a form says of the people who may be on file already: they were shown, and are others."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, post_load


class ShownIds(fields.List[Any]):
    """Ids of patients that a page has shown; what is no id is left out, as nobody types them."""

    def __init__(self) -> None:
        super().__init__(fields.String())

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return [found for one in super()._deserialize(value, attr, data, **kwargs) if (found := _id(one or ""))]


class OverruledForm(Schema):
    """A form beside which possible duplicates are shown; loaded as `overruled`, the ids of those who are other people.

    `not_duplicate` is ticked, `shown` are the people who were shown when the form was sent before.
    """

    not_duplicate = ShownIds()
    shown = ShownIds()

    @post_load
    def overrule(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Join both."""
        ids: Iterable[UUID] = (*data.pop("not_duplicate", ()), *data.pop("shown", ()))
        return data | {"overruled": frozenset(ids)}


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
