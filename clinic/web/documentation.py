"""The API's description: OpenAPI as JSON, and a page to read that loads nothing from anywhere else."""

import json
import re
from typing import Any

from flask import Flask, current_app, jsonify, render_template
from flask.typing import ResponseReturnValue

from clinic.web.authorization import access_to, public

_KEY = "api key"
_PLACE = re.compile(r"<(?:\w+:)?(\w+)>")
_METHODS = ("get", "post", "put", "patch", "delete")


def init_app(app: Flask) -> None:
    """Serve `/api/openapi.json` and `/api/docs`; in debug mode also every component of the pages."""
    app.config.update(
        API_TITLE="clinic",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        API_SPEC_OPTIONS={
            "info": {"description": "Patients, appointments, invoices and payments of a clinic."},
            "servers": [{"url": "/"}],
            "components": {"securitySchemes": {_KEY: {"type": "http", "scheme": "bearer", "bearerFormat": "clk_…"}}},
        },
    )
    app.add_url_rule("/api/openapi.json", "openapi", _openapi)
    app.add_url_rule("/api/docs", "api_docs", _docs)
    if app.debug or app.testing:
        app.add_url_rule("/dev/components", "components", _components)


def specification() -> dict[str, Any]:
    """Return the OpenAPI description of the present application."""
    found: dict[str, Any] = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    for rule in current_app.url_map.iter_rules():
        item = found["paths"].get(_PLACE.sub(r"{\1}", rule.rule), {})
        for method in (rule.methods or set()) & {name.upper() for name in item}:
            scope = access_to(current_app, rule.endpoint).permission
            item[method.lower()]["security"] = [{_KEY: [scope] if scope else []}]
    return found


@public
def _openapi() -> ResponseReturnValue:
    return jsonify(specification())


@public
def _components() -> ResponseReturnValue:
    return render_template("dev/components.html")


@public
def _docs() -> ResponseReturnValue:
    spec = specification()
    schemas = spec.get("components", {}).get("schemas", {})
    return render_template(
        "documentation/reference.html",
        spec=spec,
        operations=_operations(spec),
        schemas={name: json.dumps(schema, indent=2, ensure_ascii=False) for name, schema in sorted(schemas.items())},
    )


def _operations(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every operation with its method, path, parameters, body and answers."""
    return [
        {"method": method.upper(), "path": path, "shared": item.get("parameters", []), **item[method]}
        for path, item in spec["paths"].items()
        for method in _METHODS
        if method in item
    ]
