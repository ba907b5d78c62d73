"""The OpenAPI document as JSON, and a reference page that loads nothing from other hosts."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask, current_app, jsonify, render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape

from clinic.web.authorization import access_to, public
from clinic.web.json_api import ApiBlueprint

SECURITY_SCHEME = "apiKey"

_CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")
_IDS = (("post", "201", "/id"), ("get", "200", "/data/0/id"))
"""Where a response has the id of a record: its operation, status and the JSON pointer."""

_METHODS = ("get", "post", "put", "patch", "delete")


def init_app(app: Flask) -> None:
    """Serve `/api/openapi.json` and `/api/docs` with its schemas; in debug mode also a page with every component."""
    app.config.update(
        API_TITLE="clinic",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        API_SPEC_OPTIONS={
            "info": {
                "description": "Patients, appointments, invoices and payments of a clinic.",
                "license": {"name": "Proprietary", "identifier": "LicenseRef-Proprietary"},
            },
            "servers": [{"url": "/", "description": "The server that serves this document"}],
            "components": {
                "securitySchemes": {
                    SECURITY_SCHEME: {
                        "type": "http",
                        "scheme": "bearer",
                        "bearerFormat": "clk_…",
                        "description": "An API key of one clinic; each operation names the scope that it needs.",
                    }
                }
            },
        },
    )
    app.add_url_rule("/api/openapi.json", "openapi", _openapi)
    app.add_url_rule("/api/docs", "api_docs", _docs)
    app.add_url_rule("/api/docs/schemas", "api_schemas", _schemas)
    if app.debug or app.testing:
        app.add_url_rule("/dev/components", "components", _components)


def specification() -> dict[str, Any]:
    """Return the OpenAPI document of the current application."""
    spec: dict[str, Any] = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].document()
    blueprints = {name: found for name, found in current_app.blueprints.items() if isinstance(found, ApiBlueprint)}
    for rule in current_app.url_map.iter_rules():
        item = spec["paths"].get(_CONVERTER.sub(r"{\1}", rule.rule), {})
        for method in (rule.methods or set()) & {name.upper() for name in item}:
            item[method.lower()].update(_identity(blueprints, rule.endpoint))
    _add_links(spec["paths"])
    descriptions: dict[str, Any] = {}
    for found in blueprints.values():
        descriptions.setdefault(found.path, found.description)
    spec["tags"] = [{"name": name, "description": description} for name, description in descriptions.items()]
    return spec


def _identity(blueprints: Mapping[str, ApiBlueprint], endpoint: str) -> dict[str, Any]:
    """Return the id, tag and scope of the operation of an endpoint."""
    name, _, view = endpoint.partition(".")
    scope = access_to(current_app, endpoint).permission
    return {
        "operationId": blueprints[name].operation_id(view),
        "tags": [blueprints[name].path],
        "security": [{SECURITY_SCHEME: [scope] if scope else []}],
    }


def _add_links(paths: dict[str, Any]) -> None:
    """Link responses with the id of a record to the operations of that record."""
    for path, item in paths.items():
        of_record = {name: one for name, one in paths.items() if name.startswith(f"{path}/{{")}
        for method, status, pointer in _IDS:
            if of_record and method in item:
                item[method]["responses"][status]["links"] = _links(of_record, pointer)


def _links(of_record: dict[str, Any], pointer: str) -> dict[str, Any]:
    return {
        item[method]["operationId"]: {
            "operationId": item[method]["operationId"],
            "parameters": {item["parameters"][0]["name"]: f"$response.body#{pointer}"},
        }
        for item in of_record.values()
        for method in _METHODS
        if method in item
    }


@public
def _openapi() -> ResponseReturnValue:
    return jsonify(specification())


@public
def _components() -> ResponseReturnValue:
    return render_template("dev/components.html")


@public
def _docs() -> ResponseReturnValue:
    spec = specification()
    operations = _operations(spec)
    return render_template(
        "documentation/reference.html",
        spec=spec,
        operations=operations,
        shared_parameters=spec["components"].get("parameters", {}),
        shared_responses=_shared_responses(operations),
    )


@public
def _schemas() -> ResponseReturnValue:
    schemas = specification()["components"]["schemas"]
    shown = {name: _json_markup(schema) for name, schema in sorted(schemas.items())}
    return render_template("documentation/schemas.html", schemas=shown)


def _json_markup(value: Any) -> Markup:
    """Return a value as JSON for the content of an element, in which quotes need no escape of five bytes."""
    return escape(json.dumps(value, indent=1, ensure_ascii=False)).replace(Markup("&#34;"), Markup('"'))


def _operations(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every operation with its method, path, parameters, body and responses, without references to them."""
    return [
        {
            **item[method],
            "method": method.upper(),
            "path": path,
            "shared": item.get("parameters", []),
            "parameters": [one for one in item[method].get("parameters", []) if "$ref" not in one],
            "shared_parameters": [_named(spec, one) for one in item[method].get("parameters", []) if "$ref" in one],
            "responses": {status: _resolved(spec, one) for status, one in item[method]["responses"].items()},
        }
        for path, item in spec["paths"].items()
        for method in _METHODS
        if method in item
    ]


def _shared_responses(operations: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return by status the responses that are the same in every operation that has them, if several have."""
    by_status: dict[str, list[dict[str, Any]]] = {}
    for operation in operations:
        for status, response in operation["responses"].items():
            by_status.setdefault(status, []).append(response)
    return {
        status: found[0]
        for status, found in sorted(by_status.items())
        if status != "default" and len(found) > 1 and all(one == found[0] for one in found)
    }


def _named(spec: dict[str, Any], reference: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the name of the component that a reference leads to, and the component."""
    return reference["$ref"].rpartition("/")[2], _resolved(spec, reference)


def _resolved(spec: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter or response, or the component that it refers to."""
    if "$ref" not in part:
        return part
    _, section, kind, name = part["$ref"].split("/")
    found: dict[str, Any] = spec[section][kind][name]
    return found
