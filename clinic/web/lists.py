"""Lists on pages: what was looked for, and where the next portion starts."""

from typing import Any

from flask import request, url_for
from marshmallow import Schema
from webargs.flaskparser import FlaskParser

from clinic.core.paging import Portion
from clinic.web.cursors import read_cursor, write_cursor
from clinic.web.json_api import SearchQuery
from clinic.web.json_input import StrictParser

_parser: FlaskParser = StrictParser()


def parse_query(schema: Schema) -> dict[str, Any]:
    """Read the query of a page with a schema.

    :raises HTTPException: 400 for an unknown parameter, 422 for a bad value
    """
    found: dict[str, Any] = _parser.parse(schema, request, location="query")
    return found


def page_query(*known: str) -> tuple[str | None, Any]:
    """Return the words that are looked for, if the page knows `q`, and after which sort key the portion starts.

    :raises HTTPException: 400 for an unknown parameter or a cursor of another list, 422 for a bad value
    """
    query = parse_query(SearchQuery(only=("cursor", *known)))
    words = query.get("q")
    return words, read_cursor(query.get("cursor"), request.path, words or "")


def page_url(found: Portion[Any], words: str | None) -> str | None:
    """Return the address of the next portion of a list, if there is one."""
    cursor = write_cursor(found.next_key, request.path, words or "")
    query: dict[str, Any] = {"q": words} if words else {}
    return url_for(request.endpoint or "", **query, cursor=cursor) if cursor else None
