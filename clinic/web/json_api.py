"""The JSON API: its blueprints, answers, versions and lists."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from uuid import UUID

import flask_smorest
from apispec.ext.marshmallow import MarshmallowPlugin, resolver
from flask import Flask, abort, current_app, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields

from clinic.core.db.pagination import DEFAULT_LIMIT, MAX_LIMIT, Page
from clinic.core.errors import NotFound, StaleVersion
from clinic.web.cursors import read_cursor, write_cursor
from clinic.web.fields import Count, Line
from clinic.web.json_parser import StrictParser
from clinic.web.problem_details import problem

PREFIX = "/api/v1"

NO_VERSION = 0
"""A version that no record has: they are counted from 1."""

_VERSION_TAG = re.compile("[1-9][0-9]{0,8}")


class Api(flask_smorest.Api):
    """flask-smorest, leaving the answering of errors to `web/errors.py`."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app, spec_kwargs={"marshmallow_plugin": MarshmallowPlugin(schema_name_resolver=_schema_name)})

    def _register_error_handlers(self) -> None:
        pass


class ApiBlueprint(flask_smorest.Blueprint):
    """The JSON endpoints of a module, below `/api/v1`."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, module: str, import_name: str, *, path: str, description: str) -> None:
        super().__init__(f"api_{module}", import_name, url_prefix=f"{PREFIX}/{path}", description=description)


class ProblemSchema(Schema):
    """An error as RFC 9457 describes it."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    instance = fields.String()
    code = fields.String()
    errors = fields.List(fields.Dict(keys=fields.String(), values=fields.String()))


class NothingSchema(Schema):
    """The body of a request that needs none."""


class ListQuery(Schema):
    """Which portion of a list is wanted."""

    limit = Count(
        least=1,
        most=MAX_LIMIT,
        load_default=DEFAULT_LIMIT,
        metadata={"description": "how many rows at the most"},
    )
    cursor = Line(max_length=1000, metadata={"description": "`next_cursor` of the portion before"})


class SearchQuery(ListQuery):
    """Which portion of a list is wanted, of the rows that match some words."""

    q = Line(metadata={"description": "words to look for"})


class Versioned(Protocol):
    """A record that counts its changes."""

    id: UUID
    version: int


def document(blueprint: ApiBlueprint, *statuses: int) -> Any:
    """Say in the API's description with which problems an endpoint may answer."""

    def decorate(view: Any) -> Any:
        for status in (*statuses, 401, 403, 503):
            view = blueprint.alt_response(status, schema=ProblemSchema, content_type="application/problem+json")(view)
        return view

    return decorate


def list_schema(item: type[Schema]) -> type[Schema]:
    """Return the schema of a list of items: `{"data": […], "next_cursor": …}`."""
    name = item.__name__.removesuffix("Schema") + "ListSchema"
    return Schema.from_dict(
        {"data": fields.List(fields.Nested(item)), "next_cursor": fields.String(allow_none=True)}, name=name
    )


def after_cursor(query: Mapping[str, Any], *about: str) -> tuple[Any, ...] | None:
    """Return the sort key after which the wanted portion starts."""
    return read_cursor(query.get("cursor"), request.path, *about)


def listed(found: Page[Any], *about: str) -> ResponseReturnValue:
    """Return a portion of a list, with a link to the next one."""
    cursor = write_cursor(found.next_key, request.path, *about)
    body = {"data": found.rows, "next_cursor": cursor}
    if cursor is None:
        return body
    args: dict[str, Any] = {**request.args.to_dict(), "cursor": cursor}
    link = url_for(request.endpoint or "", **(request.view_args or {}), **args)
    return body, {"Link": f'<{link}>; rel="next"'}


def created(record: Versioned, endpoint: str, **ids: Any) -> ResponseReturnValue:
    """Return a new record with its address and version."""
    return record, {"Location": url_for(endpoint, **ids), **etag(record)}  # type: ignore[return-value]


def single(record: Versioned) -> ResponseReturnValue:
    """Return a record with its version, or 304 if the client has that one."""
    if request.method == "GET" and request.if_none_match.contains(str(record.version)):
        return "", 304, etag(record)
    return record, etag(record)  # type: ignore[return-value]


def etag(record: Versioned) -> dict[str, str]:
    """Return the header that names a record's version."""
    return {"ETag": f'"{record.version}"'}


def tell_present(blueprint: ApiBlueprint, present: Callable[..., Versioned], schema: type[Schema]) -> None:
    """Let a change of a stale version be answered with the record as it is now."""

    @blueprint.errorhandler(StaleVersion)
    def answer(error: StaleVersion) -> ResponseReturnValue:
        try:
            record = present(**(request.view_args or {}))
        except NotFound as gone:
            return current_app.handle_user_exception(gone)
        response = problem(412, error.code, error.message, present=schema().dump(record))
        response.headers.update(etag(record))
        return response


def expected_version(present: Callable[..., Versioned]) -> int | None:
    """Return the version that `If-Match` names, None for `*`; of several the present one, if it is among them.

    What no record's version could be is `NO_VERSION`: whether there is a record at all is asked first.

    :raises HTTPException: 428 without the header
    :raises NotFound: if it names several, and there is no record
    """
    if "If-Match" not in request.headers:
        abort(428, "Send If-Match with the ETag of the version that you are changing")
    if request.if_match.star_tag:
        return None
    versions = {int(tag) for tag in request.if_match.as_set() if _VERSION_TAG.fullmatch(tag)}
    if len(versions) > 1:
        versions &= {present(**(request.view_args or {})).version}
    return versions.pop() if versions else NO_VERSION


def _schema_name(schema: Any) -> str:
    """Name a schema in the API's description; one that takes a part of the fields is a patch."""
    name: str = resolver(schema)
    return f"{name}Patch" if getattr(schema, "partial", False) else name
