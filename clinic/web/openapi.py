"""Components of the OpenAPI document: constraints of fields, headers, the problem schema and operation ids."""

from collections.abc import Callable
from copy import deepcopy
from threading import Lock
from typing import Any

import flask_smorest
from apispec.ext.marshmallow import MarshmallowPlugin, resolver
from flask import Flask
from marshmallow import Schema, fields

from clinic.web.fields import CURRENCY_PATTERN, Choice, Line, MoneyField, Quantity

PROBLEM_JSON = "application/problem+json"

PROBLEMS = {
    400: "The request is malformed: invalid JSON, an unknown query parameter, a bad cursor or a missing header",
    401: "The API key is missing, unknown, expired or revoked",
    403: "The API key lacks the scope that `scope` names",
    404: "The clinic has no such record",
    409: (
        "The current state does not allow this; `conflicts` and `due` show why. With `request-in-progress` the first "
        "request with this `Idempotency-Key` has not ended yet"
    ),
    410: "The record was merged into another one, which `survivor_id` names",
    412: "The record has another version than `If-Match`; `present` is its current representation",
    413: "The body is larger than 1 MB",
    415: "The body is not JSON",
    422: (
        "The input is well-formed, but not acceptable; `errors` lists every field. With `idempotency-key-reused` the "
        "`Idempotency-Key` was used for another request"
    ),
    428: "The header `If-Match` is missing",
    500: "Unexpected error; `code` shows whether the change was saved, `locations` where to check",
    503: "Temporarily unavailable",
}
"""Description of every error status that an operation may return."""

_STRING: dict[str, Any] = {"type": "string"}
_MONEY: dict[str, Any] = {"$ref": "#/components/schemas/Money"}
_VERSION_TAG = '"(0|[1-9][0-9]{0,8})"'

_IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "description": "Identifies this request for 24 hours: when it is sent again, the first response is returned",
    "schema": {**_STRING, "minLength": 16, "maxLength": 255, "pattern": "^[ -~]*$"},
    "example": "6f1c2f0e-8c8d-4f7e-9a55-0d8f6a1f2b3c",
}

PARAMETERS: dict[str, dict[str, Any]] = {
    "IfMatch": {
        "name": "If-Match",
        "description": "`ETag` of the version to change, or `*` for any version",
        "required": True,
        "schema": _STRING,
        "example": '"1"',
    },
    "OptionalIfMatch": {
        "name": "If-Match",
        "description": "`ETag` of the version to change",
        "schema": _STRING,
        "example": '"1"',
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "description": "`ETag` of the version that the client has",
        "schema": _STRING,
        "example": '"1"',
    },
    "IdempotencyKey": {**_IDEMPOTENCY_KEY, "required": True},
    "OptionalIdempotencyKey": _IDEMPOTENCY_KEY,
}
"""Request headers, by the name of their component."""

HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {
        "description": "Version of the record, to be sent as `If-Match`",
        "required": True,
        "schema": {**_STRING, "pattern": f"^{_VERSION_TAG}$"},
    },
    "Location": {"description": "Path of the new record", "required": True, "schema": _STRING},
    "Link": {"description": 'Path of the next page, with `rel="next"`', "schema": _STRING},
    "IdempotencyReplayed": {
        "description": "Present when the response is that of an earlier request with the same key",
        "schema": {**_STRING, "enum": ["true"]},
    },
    "RetryAfter": {"description": "Seconds after which to try again", "schema": {"type": "integer", "minimum": 1}},
    "WWWAuthenticate": {"description": "Authentication scheme (RFC 6750)", "required": True, "schema": _STRING},
}
"""Response headers, by the name of their component."""

RECORD_HEADERS = {"ETag": "ETag"}
LIST_HEADERS = {"Link": "Link"}
REPLAY_HEADERS = {"Idempotency-Replayed": "IdempotencyReplayed"}
ACTION_HEADERS = RECORD_HEADERS | REPLAY_HEADERS
CREATED_HEADERS = ACTION_HEADERS | {"Location": "Location"}

_PROBLEM_HEADERS = {
    401: {"WWW-Authenticate": "WWWAuthenticate"},
    409: {"Retry-After": "RetryAfter"},
    412: RECORD_HEADERS,
    503: {"Retry-After": "RetryAfter"},
}
_WITHOUT_BODY: dict[int, dict[str, Any]] = {
    304: {"description": "The client has the current version", "headers": RECORD_HEADERS},
    414: {"description": "The address is longer than the web server reads"},
}
_VERBS = {"index": "list", "show": "get"}


class MoneySchema(Schema):
    """An exact amount with the currency's own number of decimals."""

    amount = fields.String(required=True, metadata={"pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,4})?$", "example": "45.00"})
    currency = fields.String(
        required=True, metadata={"pattern": CURRENCY_PATTERN, "description": "ISO 4217 code", "example": "EUR"}
    )


class FieldErrorSchema(Schema):
    """An error of one field of the input."""

    pointer = fields.String(required=True, metadata={"description": "JSON pointer to the field (RFC 6901)"})
    code = fields.String(required=True)
    detail = fields.String(required=True)


class ProblemSchema(Schema):
    """An error (RFC 9457)."""

    type = fields.String(required=True, metadata={"description": "`urn:clinic:problem:` and the code"})
    title = fields.String(required=True)
    status = fields.Integer(required=True, metadata={"minimum": 400, "maximum": 599})
    detail = fields.String(required=True)
    instance = fields.String(required=True, metadata={"description": "`urn:clinic:request:` and the request id"})
    code = fields.String(required=True, metadata={"pattern": "^[a-z-]+$"})
    errors = fields.List(fields.Nested(FieldErrorSchema), metadata={"description": "every field to correct (422)"})
    scope = fields.String(metadata={"description": "the scope that the API key lacks (403)"})
    conflicts = fields.List(fields.UUID(), metadata={"description": "the appointments at the requested time (409)"})
    resource = fields.String(metadata={"description": "what is taken: `practitioner`, `room` or `patient` (409)"})
    reason = fields.String(metadata={"description": "why a time is not offered (409)"})
    next_free = fields.List(fields.AwareDateTime(), metadata={"description": "the next free starts (409)"})
    state = fields.String(metadata={"description": "the present state of the appointment (409)"})
    by = fields.String(allow_none=True, metadata={"description": "who brought it to that state (409)"})
    at = fields.AwareDateTime(allow_none=True, metadata={"description": "when (409)"})
    due = fields.Nested(MoneySchema, metadata={"description": "the amount still due of an invoice (409)"})
    surplus = fields.Nested(MoneySchema, metadata={"description": "what a payment is more than that (409)"})
    credit = fields.Nested(MoneySchema, metadata={"description": "the credit of a patient that can be used (409)"})
    left = fields.Nested(MoneySchema, metadata={"description": "what can still be refunded or credited (409)"})
    survivor = fields.String(metadata={"description": "the record that remains of a merged one (410)"})
    survivor_id = fields.UUID(metadata={"description": "its id (410)"})
    survivor_url = fields.String(metadata={"description": "its page (410)"})
    obstacles = fields.List(fields.String(), metadata={"description": "what stands in the way of merging (409)"})
    changed = fields.List(
        fields.Dict(), metadata={"description": "table and id of what has changed since a merge (409)"}
    )
    locations = fields.List(
        fields.String(), metadata={"description": "paths of records that were saved, or maybe saved (500, 503)"}
    )
    present = fields.Dict(metadata={"description": "the current representation of the record (412)"})


class Api(flask_smorest.Api):
    """flask-smorest with this API's components; `web/error_handlers.py` returns the errors."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(self, app: Flask) -> None:
        super().__init__(app, spec_kwargs={"marshmallow_plugin": MarshmallowPlugin(schema_name_resolver=_schema_name)})
        self._put_off: list[Callable[[], None]] = []
        self._documenting = Lock()

    def put_off(self, document: Callable[[], None]) -> None:
        """Document a blueprint when the document is asked for, not each time that an application is made."""
        self._put_off.append(document)

    def document(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        with self._documenting:
            while self._put_off:
                self._put_off.pop(0)()
            found: dict[str, Any] = self.spec.to_dict()
        return found

    def _init_spec(self, **options: Any) -> None:
        super()._init_spec(**options)
        self.ma_plugin.map_to_openapi_type(MoneyField, None, None)
        self.ma_plugin.converter.add_attribute_function(_field_constraints)
        self.ma_plugin.converter.add_parameter_attribute_function(_without_null)

    def _register_error_handlers(self) -> None:
        pass

    def _register_responses(self) -> None:
        """Register the problem responses, which operations refer to."""
        components = self.spec.components
        for name, parameter in PARAMETERS.items():
            components.parameter(name, "header", dict(parameter), lazy=True)
        for name, header in HEADERS.items():
            components.header(name, dict(header), lazy=True)
        for status, description in PROBLEMS.items():
            components.response(component_of_status(status), _problem_response(status, description), lazy=True)
        for status, response in _WITHOUT_BODY.items():
            components.response(component_of_status(status), deepcopy(response), lazy=True)

    def _register_etag_headers(self) -> None:
        pass

    def _register_pagination_header(self) -> None:
        pass


def component_of_status(status: int) -> str:
    """Return the name of the component that describes the response of a status."""
    return f"Status{status}"


def operation_id(view: str, singular: str, plural: str) -> str:
    """Return the operation id of a view, such as `list_patients`, `create_practitioner` or `pay_invoice`.

    A view is named `verb` or `verb_noun`; without a noun it is that of its blueprint.
    """
    verb, _, noun = view.partition("_")
    named = noun or (plural if verb == "index" else singular).replace("-", "_")
    return f"{_VERBS.get(verb, verb)}_{named}"


def _problem_response(status: int, description: str) -> dict[str, Any]:
    response: dict[str, Any] = {"description": description, "content": {PROBLEM_JSON: {"schema": ProblemSchema}}}
    if status in _PROBLEM_HEADERS:
        response["headers"] = dict(_PROBLEM_HEADERS[status])
    return response


def _field_constraints(_converter: Any, field: fields.Field[Any], *, ret: dict[str, Any], **_options: Any) -> Any:
    """Return the constraints that a field of `web/fields.py` checks."""
    if isinstance(field, MoneyField):
        return {"anyOf": [_MONEY, {"type": "null"}]} if field.allow_none else _MONEY
    if isinstance(field, Quantity):
        return {"pattern": r"^[0-9]{1,6}(\.[0-9]{1,3})?$"}
    if isinstance(field, Choice):
        return _nullable_enum(ret) if field.allow_none else {}
    if isinstance(field, Line):
        return {"maxLength": field.max_length} | ({"minLength": 1} if field.required else {})
    return {}


def _nullable_enum(described: dict[str, Any]) -> dict[str, Any]:
    """Replace the enum of a field by an alternative to null, from which generators make one enumeration."""
    del described["type"]
    return {"anyOf": [{**_STRING, "enum": described.pop("enum")}, {"type": "null"}]}


def _without_null(_converter: Any, _field: Any, *, ret: dict[str, Any], **_options: Any) -> dict[str, Any]:
    """Remove null from the schema of a query parameter, which is always text."""
    schema = {**ret["schema"]}
    if isinstance(schema.get("type"), list):
        schema["type"] = next(name for name in schema["type"] if name != "null")
    if "anyOf" in schema:
        schema |= schema.pop("anyOf")[0]
    return {"schema": schema}


def _schema_name(schema: Any) -> str:
    """Return the name of a schema's component; one that is loaded partially is a patch."""
    name: str = resolver(schema)
    return f"{name}Patch" if getattr(schema, "partial", False) else name
