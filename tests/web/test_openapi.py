"""The JSON API's operations, parameters and field names stay those of the reviewed file."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from flask import Flask

FILE = Path(__file__).parent / "openapi.txt"
METHODS = ("get", "post", "put", "patch", "delete")
HEADER = """\
# Operations of the JSON API with the names that programs use: parameters, fields of bodies and of successful answers,
# statuses of problems. Renaming or removing one breaks them. "!" marks what is required, "[]" a list.
#
# Written by: CLINIC_WRITE_OPENAPI=1 python -m pytest tests/web/test_openapi.py
"""

Spec = Mapping[str, Any]


def test_operations_parameters_and_fields_are_those_of_the_reviewed_file(app: Flask) -> None:
    outline = HEADER + "".join(_operations(app.test_client().get("/api/openapi.json").get_json()))
    if os.environ.get("CLINIC_WRITE_OPENAPI") == "1":
        FILE.write_text(outline, encoding="utf-8")

    assert outline == FILE.read_text(encoding="utf-8")


def _operations(spec: Spec) -> Iterator[str]:
    for path, item in sorted(spec["paths"].items()):
        for method in METHODS:
            if operation := item.get(method):
                lines = _lines(operation, item.get("parameters", []), spec)
                yield f"\n{method.upper()} {path}\n" + "".join(f"  {line}\n" for line in lines)


def _lines(operation: Spec, shared: list[Spec], spec: Spec) -> Iterator[str]:
    parameters = [_resolved(one, spec) for one in [*shared, *operation.get("parameters", [])]]
    for place in ("path", "query", "header"):
        if names := sorted(_marked(one["name"], one.get("required")) for one in parameters if one["in"] == place):
            yield f"{place}: {' '.join(names)}"
    if body := operation.get("requestBody"):
        yield f"{_marked('body', body.get('required'))}: {_of_content(body, spec, 'readOnly')}"
    answers = {status: _resolved(answer, spec) for status, answer in sorted(operation["responses"].items())}
    for status, answer in answers.items():
        if status.startswith("2"):
            yield f"{status}: {_of_content(answer, spec, 'writeOnly')}"
    yield f"problems: {' '.join(status for status in answers if status.startswith(('4', '5')))}"


def _of_content(holder: Spec, spec: Spec, left_out: str) -> str:
    content = holder.get("content", {}).get("application/json")
    return _outline(content["schema"], spec, left_out) if content else "nothing"


def _outline(schema: Spec, spec: Spec, left_out: str) -> str:
    """Return the field names of a schema, nested ones in braces; nothing for a plain value."""
    found = _resolved(schema, spec)
    if "items" in found:
        return "[]" + _outline(found["items"], spec, left_out)
    if "properties" not in found:
        return "".join(_outline(part, spec, left_out) for part in found.get("allOf", found.get("anyOf", [])))
    required = found.get("required", [])
    fields = {name: _resolved(part, spec) for name, part in sorted(found["properties"].items())}
    shown = [
        _marked(name, name in required) + _outline(part, spec, left_out)
        for name, part in fields.items()
        if not part.get(left_out)
    ]
    return "{" + " ".join(shown) + "}"


def _resolved(node: Spec, spec: Spec) -> Spec:
    """Return what a reference stands for, with the keys beside it."""
    while "$ref" in node:
        found: Any = spec
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = {**found, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def _marked(name: str, is_required: object) -> str:
    return f"{name}!" if is_required else name
