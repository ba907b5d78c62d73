"""Lists on pages: what was looked for, and where the next portion starts."""

from collections.abc import Mapping
from typing import Any

from flask import request, url_for
from marshmallow import Schema
from webargs.flaskparser import FlaskParser

from clinic.core.db.pagination import Page
from clinic.web.cursors import read_cursor, write_cursor
from clinic.web.json_api import SearchQuery
from clinic.web.json_parser import StrictParser

_PORTION = {"limit", "cursor"}
_parser: FlaskParser = StrictParser()


def parse_query(schema: Schema) -> dict[str, Any]:
    """Read the query of a page with a schema.

    :raises HTTPException: 400 for an unknown parameter, 422 for a bad value
    """
    found: dict[str, Any] = _parser.parse(schema, request, location="query")
    return found


def parse_list_query(schema: Schema) -> tuple[dict[str, Any], Any]:
    """Return by what a list is filtered, and after which sort key the portion starts.

    :raises HTTPException: 400 for an unknown parameter or a cursor of another list, 422 for a bad value
    """
    query = parse_query(schema)
    filters = {name: value for name, value in query.items() if name not in _PORTION and value is not None}
    return filters, read_cursor(query.get("cursor"), request.path, *_about(filters))


def next_url(found: Page[Any], filters: Mapping[str, Any]) -> str | None:
    """Return the address of the next portion of a list with the same filters, if there is one."""
    cursor = write_cursor(found.next_key, request.path, *_about(filters))
    return url_for(request.endpoint or "", **(request.view_args or {}), **filters, cursor=cursor) if cursor else None


def page_query(*known: str) -> tuple[str | None, Any]:
    """Return the words that are looked for, if the page knows `q`, and after which sort key the portion starts.

    :raises HTTPException: 400 for an unknown parameter or a cursor of another list, 422 for a bad value
    """
    filters, after = parse_list_query(SearchQuery(only=("cursor", *known)))
    return filters.get("q"), after


def page_url(found: Page[Any], words: str | None) -> str | None:
    """Return the address of the next portion of a list of what was looked for, if there is one."""
    return next_url(found, {"q": words} if words else {})


def _about(filters: Mapping[str, Any]) -> list[str]:
    return sorted(f"{name}={value}" for name, value in filters.items())
