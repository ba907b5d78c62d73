"""Schemas that load a part of a record (RFC 7396)."""

from typing import Any

from marshmallow import Schema


def patch_schema(schema: type[Schema], **options: Any) -> Schema:
    """Return a schema none of whose fields is required; a list or an object in a field is given as a whole."""
    return schema(partial=tuple(schema(**options).fields), **options)
