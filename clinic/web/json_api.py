"""The JSON API: blueprints, responses, versions and lists."""

import re
from collections.abc import Callable, Mapping
from functools import partial, reduce
from typing import Any, Protocol
from uuid import UUID

import flask_smorest
from flask import abort, current_app, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields

from clinic.core.db.pagination import DEFAULT_LIMIT, MAX_LIMIT, Page
from clinic.core.errors import NotFound, StaleVersion
from clinic.web.cursors import read_cursor, write_cursor
from clinic.web.fields import Count, Line
from clinic.web.idempotency import idempotent, idempotent_with_key
from clinic.web.json_parser import StrictParser
from clinic.web.merge_patch import patch_schema
from clinic.web.openapi import ACTION_HEADERS, Api, component_of_status, operation_id
from clinic.web.problem_details import problem

Decorator = Callable[[Any], Any]

PREFIX = "/api/v1"

NO_VERSION = -1
"""A version that no record has: they start at 1, and 0 is that of a setting or text that was never changed."""

_VERSION_TAG = re.compile("0|[1-9][0-9]{0,8}")


MERGE_PATCH = "application/merge-patch+json"

_ANY_OPERATION = (400, 401, 403, 500, 503)
_WITH_QUERY = (414, 422)
_WITH_BODY = (413, 415, 422)


class ApiBlueprint(flask_smorest.Blueprint):
    """The JSON endpoints of a module, below `/api/v1`; `noun` names one record in operation ids."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, module: str, import_name: str, *, path: str, noun: str, description: str) -> None:
        super().__init__(f"api_{module}", import_name, url_prefix=f"{PREFIX}/{path}", description=description)
        self.path = path
        self.noun = noun

    def register_views_in_doc(self, api: Api, *parts: Any, **options: Any) -> None:
        """Document the views when the document is asked for."""
        api.put_off(partial(super().register_views_in_doc, api, *parts, **options))

    def operation_id(self, view: str) -> str:
        """Return the operation id of a view of this blueprint."""
        return operation_id(view, self.noun, self.path)

    def problems(self, *statuses: int) -> Decorator:
        """Document the error statuses of a view, besides those of any operation."""
        return _documented(*_ANY_OPERATION, *statuses)

    def query(self, schema: type[Schema]) -> Decorator:
        """Load the query parameters of a request, and document their error statuses."""
        return _composed(self.arguments(schema, location="query"), _documented(*_WITH_QUERY))

    def body(self, schema: type[Schema], *, required: bool = True) -> Decorator:
        """Load the JSON body of a request, and document its error statuses."""
        return _composed(self.arguments(schema, required=required), _documented(*_WITH_BODY))

    def merge_patch(self, schema: type[Schema], **options: Any) -> Decorator:
        """Load a partial record (RFC 7396), sent as `application/merge-patch+json` or as JSON."""
        patch = patch_schema(schema, **options)
        return _composed(
            self.doc(requestBody={"content": {MERGE_PATCH: {"schema": patch}}}),
            self.arguments(patch, required=False),
            _documented(*_WITH_BODY),
        )

    def action(self, record: type[Schema], *statuses: int, body: type[Schema], required: bool = False) -> Decorator:
        """Declare a view that acts on a record and returns it: sent twice it acts once, and it honours `If-Match`."""
        return _composed(
            self.response(200, record, headers=ACTION_HEADERS),
            self.body(body, required=required),
            self.versioned(),
            self.problems(404, *statuses),
            self.idempotent(),
        )

    def versioned(self, *, required: bool = False) -> Decorator:
        """Document that a view honours `If-Match`."""
        statuses = (412, 428) if required else (412,)
        return _composed(
            _with_header("IfMatch" if required else "OptionalIfMatch"),
            _documented(*statuses),
        )

    def conditional(self) -> Decorator:
        """Document that a view honours `If-None-Match`."""
        return _composed(_with_header("IfNoneMatch"), _documented(304))

    def idempotent(self, *, required: bool = False) -> Decorator:
        """Carry out a request once, however often it is sent with the same `Idempotency-Key`, and document that."""
        return _composed(
            _with_header("IdempotencyKey" if required else "OptionalIdempotencyKey"),
            _documented(409, 422),
            idempotent_with_key if required else idempotent,
        )


class NothingSchema(Schema):
    """An empty request body."""


class ListQuery(Schema):
    """Query parameters of a paginated list."""

    limit = Count(
        least=1,
        most=MAX_LIMIT,
        load_default=DEFAULT_LIMIT,
        metadata={"description": "maximum number of records"},
    )
    cursor = Line(
        max_length=1000,
        metadata={"description": "`next_cursor` of the previous page", "pattern": "^[A-Za-z0-9_.-]*$"},
    )


class SearchQuery(ListQuery):
    """Query parameters of a paginated list that can be searched."""

    q = Line(metadata={"description": "text to search for"})


class HasVersion(Protocol):
    """A record with an optimistic-locking version."""

    @property
    def id(self) -> UUID:
        """The record's id."""

    @property
    def version(self) -> int:
        """The record's version."""


def list_schema(item: type[Schema]) -> type[Schema]:
    """Return the schema of a page of items: `{"data": […], "next_cursor": …}`."""
    name = item.__name__.removesuffix("Schema") + "ListSchema"
    data = fields.List(fields.Nested(item), required=True)
    next_cursor = fields.String(
        required=True, allow_none=True, metadata={"description": "`cursor` of the next page, null on the last one"}
    )
    return Schema.from_dict({"data": data, "next_cursor": next_cursor}, name=name)


def after_cursor(query: Mapping[str, Any], *filters: str) -> tuple[Any, ...] | None:
    """Return the sort key after which the requested page starts."""
    return read_cursor(query.get("cursor"), request.path, *filters)


def listed(found: Page[Any], *filters: str) -> ResponseReturnValue:
    """Return a page of a list, with a `Link` to the next one."""
    cursor = write_cursor(found.next_key, request.path, *filters)
    body = {"data": found.rows, "next_cursor": cursor}
    if cursor is None:
        return body
    args: dict[str, Any] = {**request.args.to_dict(), "cursor": cursor}
    link = url_for(request.endpoint or "", **(request.view_args or {}), **args)
    return body, {"Link": f'<{link}>; rel="next"'}


def created(record: HasVersion, endpoint: str, **ids: Any) -> ResponseReturnValue:
    """Return a new record with its `Location` and `ETag`."""
    return record, {"Location": url_for(endpoint, **ids), **etag(record)}  # type: ignore[return-value]


def single(record: HasVersion) -> ResponseReturnValue:
    """Return a record with its `ETag`, or 304 if the client has that version."""
    if request.method == "GET" and request.if_none_match.contains(str(record.version)):
        return "", 304, etag(record)
    return record, etag(record)  # type: ignore[return-value]


def etag(record: HasVersion) -> dict[str, str]:
    """Return the `ETag` header of a record."""
    return {"ETag": f'"{record.version}"'}


def handle_stale_version(blueprint: ApiBlueprint, get_current: Callable[..., HasVersion], schema: type[Schema]) -> None:
    """Return 412 with the current record when a request of a blueprint changes a stale version."""

    @blueprint.errorhandler(StaleVersion)
    def answer(error: StaleVersion) -> ResponseReturnValue:
        try:
            record = get_current(**(request.view_args or {}))
        except NotFound as missing:
            return current_app.handle_user_exception(missing)
        response = problem(412, error.code, error.message, present=schema().dump(record))
        response.headers.update(etag(record))
        return response


def expected_version(get_current: Callable[..., HasVersion]) -> int | None:
    """Return the version that `If-Match` names, None for `*`; of several the current one, if it is among them.

    An impossible version is `NO_VERSION`, so that a missing record is reported first.

    :raises HTTPException: 428 without the header
    :raises NotFound: if it names several, and there is no record
    """
    if "If-Match" not in request.headers:
        abort(428, "Send If-Match with the ETag of the version that you are changing")
    if request.if_match.star_tag:
        return None
    versions = {int(tag) for tag in request.if_match.as_set() if tag and _VERSION_TAG.fullmatch(tag)}
    if len(versions) > 1:
        versions &= {get_current(**(request.view_args or {})).version}
    return versions.pop() if versions else NO_VERSION


def optional_version(get_current: Callable[..., HasVersion]) -> int | None:
    """Return the version that `If-Match` names, None for `*` and without the header.

    :raises NotFound: if it names several, and there is no record
    """
    return expected_version(get_current) if "If-Match" in request.headers else None


def _composed(*decorators: Decorator) -> Decorator:
    """Return a decorator that applies several ones."""
    return lambda view: reduce(lambda decorated, decorator: decorator(decorated), decorators, view)


def _documented(*statuses: int) -> Decorator:
    """Return a decorator that documents responses of a view, besides those documented before."""

    def decorate(view: Any) -> Any:
        before = _documentation(view).get("response", {})
        responses = before.get("responses", {})
        added = {status: [*responses.get(status, []), component_of_status(status)] for status in statuses}
        view._apidoc = {**_documentation(view), "response": {**before, "responses": {**responses, **added}}}
        return view

    return decorate


def _with_header(component: str) -> Decorator:
    """Return a decorator that documents a request header, besides those documented before."""

    def decorate(view: Any) -> Any:
        before = _documentation(view).get("manual_doc", {})
        parameters = [*before.get("parameters", []), component]
        view._apidoc = {**_documentation(view), "manual_doc": {**before, "parameters": parameters}}
        return view

    return decorate


def _documentation(view: Any) -> dict[str, Any]:
    """Return what flask-smorest knows of a view.

    Its own decorators copy all of it, with every schema, each time one of some ten is applied to a view: that took
    half of the time to import all views. It is added to here, and never changed.
    """
    found: dict[str, Any] = getattr(view, "_apidoc", {})
    return found
