"""Lists on pages: their filters and where the next page starts."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import request, url_for
from marshmallow import Schema
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import UnprocessableEntity

from clinic.core.db.pagination import Page
from clinic.web.cursors import read_cursor, write_cursor
from clinic.web.forms import Form
from clinic.web.json_parser import StrictParser

_PAGING = {"limit", "cursor"}
_parser: FlaskParser = StrictParser()


def parse_list_query(schema: Schema) -> tuple[dict[str, Any], tuple[Any, ...] | None]:
    """Return the filters of a list that the query sets, and the sort key after which the page starts.

    :raises HTTPException: 400 for an unknown parameter or a cursor of another list, 422 for a bad value
    """
    query: dict[str, Any] = _parser.parse(schema, request, location="query")
    filters = {name: value for name, value in query.items() if name not in _PAGING and value is not None}
    return filters, read_cursor(query.get("cursor"), *cursor_scope(filters))


def parse_list_form(schema: Schema) -> tuple[Form, dict[str, Any], tuple[Any, ...] | None]:
    """Return what `parse_list_query` returns with the form of the filters; of bad values the form as typed with errors.

    :raises HTTPException: 400 for an unknown parameter or a cursor of another list
    """
    try:
        filters, after = parse_list_query(schema)
    except UnprocessableEntity as refusal:
        errors: Any = getattr(refusal, "data", {}).get("errors", {})
        return Form(request.args.to_dict(), errors, order=list(schema.fields)), {}, None
    return Form({name: str(value) for name, value in filters.items()}), filters, after


def next_url(found: Page[Any], filters: Mapping[str, Any]) -> str | None:
    """Return the URL of the next page of a list with the same filters, if there is one."""
    cursor = write_cursor(found.next_key, *cursor_scope(filters))
    return url_for(request.endpoint or "", **(request.view_args or {}), **filters, cursor=cursor) if cursor else None


def previous_url(found: Page[Any], filters: Mapping[str, Any]) -> str | None:
    """Return the URL of the page before of a list with the same filters, if there is one."""
    return next_url(Page([], found.previous_key), filters)


def sort_urls(filters: Mapping[str, Any], columns: Iterable[str], default: str) -> Mapping[str, tuple[str, str]]:
    """Return for columns the value of `aria-sort`, and the URL that orders the list by it or reverses that."""
    sort, urls = filters.get("sort") or default, {}
    for name in columns:
        is_current = sort.removeprefix("-") == name
        state = "none" if not is_current else "descending" if sort.startswith("-") else "ascending"
        order = f"-{name}" if state == "ascending" else name
        urls[name] = (state, url_for(request.endpoint or "", **{**filters, "sort": order}))
    return urls


def cursor_scope(filters: Mapping[str, Any]) -> list[str]:
    """Return what a cursor of the requested list is valid for: its address and its filters."""
    return [request.path, *sorted(f"{name}={value}" for name, value in filters.items())]
