"""Links to records by number or name, for those who may open them."""

from dataclasses import dataclass
from typing import Any

from flask import current_app, url_for

from clinic.core.context import current_actor
from clinic.web.authorization import access_to


@dataclass(frozen=True)
class RecordLink:
    """A record by its number or name, with the URL of its page if the current actor may open it."""

    name: str
    url: str | None = None


def record_link(name: str, endpoint: str, **values: Any) -> RecordLink:
    """Return a record with the URL of its page, if the current actor may open it."""
    permission = access_to(current_app, endpoint).permission
    is_open = permission is None or current_actor().has_permission(permission)
    return RecordLink(name, url_for(endpoint, **values) if is_open else None)
