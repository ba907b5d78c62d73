"""Strict parsing of JSON bodies and query strings; all errors are returned at once."""

import json
from typing import Any, NoReturn

from flask import Request, abort
from marshmallow import Schema, ValidationError
from webargs.flaskparser import FlaskParser

_JSON_TYPES = {"application/json", "application/merge-patch+json"}


class StrictParser(FlaskParser):
    """webargs' parser, which rejects NaN, duplicate names and other content types."""

    def load_json(self, req: Request, schema: Schema) -> Any:
        """Return the body of a request.

        :raises HTTPException: 415 for another content type, 400 for anything but a JSON object
        """
        if not req.get_data() and not any(field.required for field in schema.fields.values()):
            return {}
        if req.mimetype not in _JSON_TYPES:
            abort(415, "Send the body as application/json")
        try:
            body = json.loads(
                req.get_data().decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_without_duplicates
            )
        except (ValueError, RecursionError):
            abort(400, "The body is not valid JSON")
        if not isinstance(body, dict):
            abort(400, "The body is not a JSON object")
        return body

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """Return the query parameters, each at most once.

        :raises HTTPException: 400 for an unknown or repeated parameter
        """
        known = sorted(field.data_key or name for name, field in schema.fields.items())
        for name, values in req.args.lists():
            if name not in known:
                abort(400, f"There is no such parameter here; known are: {', '.join(known)}")
            if len(values) > 1:
                abort(400, f"The parameter {name} stands there more than once")
        return req.args.to_dict()

    def handle_error(
        self,
        error: ValidationError,
        req: Request,
        schema: Schema,
        *,
        error_status_code: Any,
        error_headers: Any,
    ) -> NoReturn:
        """Reject well-formed input that is not acceptable."""
        messages = error.messages if isinstance(error.messages, dict) else {}
        inside: Any = next(iter(messages.values()), {})
        raise_invalid(inside if isinstance(inside, dict) else {"": inside})


def raise_invalid(errors: dict[str, Any]) -> NoReturn:
    """Reject input with a mapping of fields to errors.

    :raises HTTPException: 422, always
    """
    try:
        abort(422, "Some of the input can't be accepted: see errors")
    except Exception as error:
        error.data = {"errors": errors, "code": "invalid"}  # type: ignore[attr-defined]
        raise


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate name")
    return found
