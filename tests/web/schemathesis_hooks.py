"""Which cases of schemathesis are sent: a wrong value is not sent again to each field that is declared alike.

Schemathesis loads this file by itself. An operation keeps every right value of its own, and a wrong value of each sort
for each of its fields and parameters. Left out is what would only repeat what is proved elsewhere:

* The further wrong types, such as null besides a number where a text belongs, are sent to one field or parameter of
  those with the same schema. All others get one wrong object or list, and one wrong plain value.
* Headers are read in one place: each right and wrong value of a header is sent to one operation, one to every other.
* Where a body may have a second media type, which only the parser sees, one right and one wrong body are sent as it.

So that each body is read, and not refused before, it comes with an idempotency key of its own, and as a change of
whatever version there is.
"""

import json
import re
from collections.abc import Hashable
from itertools import count
from typing import Any

import schemathesis
from schemathesis.core.parameters import ParameterLocation as Location
from schemathesis.generation import GenerationMode
from schemathesis.generation.meta import CoveragePhaseData, CoverageScenario

MERGE_PATCH = "application/merge-patch+json"
ANNOTATIONS = {"description", "title", "example", "examples", "default", "deprecated"}
MISSING = object()

Case = schemathesis.Case[Any]

_NESTED = re.compile(r"Object with valid '(\w+)' value: .*Object with ")
"""How schemathesis describes a right value of a field that is about something within an object in it."""

_sent: set[Hashable] = set()
_numbers = count()


@schemathesis.hook
def filter_case(context: schemathesis.HookContext, case: Case) -> bool:
    """Return whether a case is sent, because it is not of the phase that covers schemas, or repeats nothing."""
    meta = case.meta
    if meta is None or not isinstance(meta.phase.data, CoveragePhaseData):
        return True
    about, mode = meta.phase.data, meta.generation.mode
    operation, place = case.operation.label, about.parameter_location
    if place is Location.BODY and case.media_type == MERGE_PATCH:
        return _is_first(operation, mode)
    if about.scenario is CoverageScenario.OBJECT_UNEXPECTED_PROPERTIES and place is not Location.BODY:
        return _is_first(operation, place, mode)
    if place is Location.BODY and (about.location or "").endswith(("/type", "/not")):
        return _is_new_in_body(case, about.location or "")
    is_parameter = about.parameter is not None and about.scenario is not CoverageScenario.MISSING_PARAMETER
    if is_parameter and (
        place in {Location.HEADER, Location.PATH} or about.scenario is CoverageScenario.INCORRECT_TYPE
    ):
        return _is_new_as_parameter(case, about, mode)
    nested = _NESTED.match(about.description)
    return nested is None or _is_new_inside(case, nested[1])


@schemathesis.hook
def map_case(context: schemathesis.HookContext, case: Case) -> Case:
    """Return a case whose body is read: with a key that was not used for another one, and whatever the version is."""
    meta = case.meta
    if meta is None or not isinstance(meta.phase.data, CoveragePhaseData):
        return case
    if meta.phase.data.parameter_location is Location.BODY:
        for name, value in (("Idempotency-Key", f"{next(_numbers):032}"), ("If-Match", "*")):
            if name in case.headers:
                case.headers[name] = value
    if meta.phase.data.location == "/properties/email/format" and isinstance(case.body, dict):
        case.body = {**case.body, "email": "nobody"}  # instead of an empty one, which is taken as none
    return case


def _is_first(*key: Hashable) -> bool:
    """Return whether nothing with a key was sent before, and note that it is now."""
    is_first = key not in _sent
    _sent.add(key)
    return is_first


def _is_new_in_body(case: Case, location: str) -> bool:
    """Return whether a value that its field never takes is the first to that field, or to all declared like it."""
    *steps, keyword = location.strip("/").split("/")
    root = _body_schema(case)
    schema, value = _declared(root, steps), _found(case.body, steps)
    if schema is MISSING or value is MISSING:
        return True
    alike = _plain(schema, root) if steps else "any body"
    is_nested = keyword == "type" and isinstance(value, dict | list)
    is_first_to_field = _is_first(case.operation.label, *steps, keyword, is_nested)
    return _is_first(alike, keyword, type(value).__name__) or is_first_to_field


def _is_new_inside(case: Case, field: str) -> bool:
    """Return whether a right value with something in it is the first to its field, or to all declared like it."""
    root, steps = _body_schema(case), ["properties", field]
    schema, value = _declared(root, steps), _found(case.body, steps)
    if schema is MISSING or value is MISSING:
        return True
    is_first_to_field = _is_first(case.operation.label, field)
    return _is_first(_plain(schema, root), json.dumps(value, sort_keys=True)) or is_first_to_field


def _body_schema(case: Case) -> Any:
    return next(body for body in case.operation.body if body.media_type == case.media_type).unoptimized_schema


def _is_new_as_parameter(case: Case, about: CoveragePhaseData, mode: GenerationMode) -> bool:
    """Return whether a value is the first of its sort to a parameter, or new to all parameters declared like it."""
    place, name = about.parameter_location, about.parameter or ""
    declared = [one for one in case.operation.iter_parameters() if (one.location, one.name) == (place, name)]
    if not declared:
        return True
    values = {Location.HEADER: case.headers, Location.QUERY: case.query, Location.PATH: case.path_parameters}
    value = repr((values.get(place) or {}).get(name)) if place else ""
    sort = about.scenario if place is Location.QUERY else mode
    is_first_to_parameter = _is_first(case.operation.label, place, name, sort)
    alike = _plain(declared[0].unoptimized_schema, declared[0].unoptimized_schema)
    return _is_first(alike, place, value) or is_first_to_parameter


def _declared(root: Any, steps: list[str]) -> Any:
    """Return the part of a schema to which steps lead, with what it refers to."""
    node = _resolved(root, root)
    for step in steps:
        part = node[int(step)] if isinstance(node, list) else node.get(step, MISSING)
        if step.startswith("x-schemathesis-") and isinstance(node, dict):  # the name of a field that was made up
            part = node
        if part is MISSING:
            return MISSING
        node = _resolved(part, root)
    return node


def _found(value: Any, steps: list[str]) -> Any:
    """Return what a body has where steps lead in its schema."""
    names = iter(steps)
    for step in names:
        if step in {"properties", "additionalProperties"}:
            name = next(names, None)
            value = value.get(name, MISSING) if isinstance(value, dict) else MISSING
        elif step == "items":
            value = value[0] if isinstance(value, list) and value else MISSING
        else:
            next(names, None)  # one of the alternatives, which are all of the same value
    return value


def _resolved(node: Any, root: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        target = root
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def _plain(node: Any, root: Any) -> str:
    """Return a schema as text, with all that it refers to, and without what explains it."""

    def whole(part: Any) -> Any:
        part = _resolved(part, root)
        if isinstance(part, dict):
            return {key: whole(value) for key, value in part.items() if key not in ANNOTATIONS}
        return [whole(one) for one in part] if isinstance(part, list) else part

    bundled = (
        {key: value for key, value in node.items() if not key.startswith("x-")} if isinstance(node, dict) else node
    )
    return json.dumps(whole(bundled), sort_keys=True, default=str)
