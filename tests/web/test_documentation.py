"""The API's description: OpenAPI 3.1, complete, and a page to read."""

import json
import re

import pytest


@pytest.fixture
def spec(client):
    """The description as programs get it."""
    return client.get("/api/openapi.json").json


def operations(spec):
    return [
        (f"{method.upper()} {path}", item[method])
        for path, item in spec["paths"].items()
        for method in ("get", "post", "put", "patch", "delete")
        if method in item
    ]


def test_it_is_openapi_3_1_with_a_name_and_a_version(spec):
    assert spec["openapi"] == "3.1.0"
    assert spec["info"].items() >= {"title": "clinic", "version": "v1"}.items()


def test_it_describes_every_route_of_the_api_and_no_other(app, spec):
    routes = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }

    assert {tuple(name.split(" ", 1)) for name, _operation in operations(spec)} == routes


def test_every_reference_leads_somewhere(spec):
    references = set(re.findall(r'"\$ref": "#/([^"]*)"', json.dumps(spec)))

    assert references
    for reference in references:
        found = spec
        for part in reference.split("/"):
            assert part in found, reference
            found = found[part]


def test_every_operation_has_a_summary_a_success_and_its_problems(spec):
    for name, operation in operations(spec):
        answers = operation["responses"]
        assert operation["summary"], name
        assert {"200", "201"} & set(answers), name
        assert "application/problem+json" in answers["503"]["content"], name
        if "{" in name:
            assert "404" in answers, name
        if operation.get("requestBody"):
            assert {"415", "422"} <= set(answers), name


def test_every_place_in_a_path_is_described(spec):
    for path, item in spec["paths"].items():
        described = {one["name"] for one in item.get("parameters", []) if one["in"] == "path"}
        described |= {
            one["name"]
            for method in ("get", "post", "patch")
            for one in item.get(method, {}).get("parameters", [])
            if one["in"] == "path"
        }
        assert described == set(re.findall(r"{(\w+)}", path)), path


def test_operations_have_ids_of_their_own(spec):
    ids = [operation["operationId"] for _name, operation in operations(spec) if "operationId" in operation]

    assert len(ids) == len(set(ids))


def test_the_page_shows_every_operation_and_schema_and_loads_nothing_from_outside(client, spec):
    page = client.get("/api/docs").text

    for name, _operation in operations(spec):
        assert name in page
    for schema in spec["components"]["schemas"]:
        assert f'id="{schema}"' in page
    assert re.findall(r'(?:src|href)="(?!/|#|icons)[^"]*"', page) == []


def test_the_description_needs_no_clinic(app):
    assert app.test_client().get("/api/openapi.json").status_code == 200
    assert app.test_client().get("/api/docs").status_code == 200


def test_every_operation_says_which_scope_of_a_key_it_needs(app, spec):
    assert spec["components"]["securitySchemes"]["api key"]["scheme"] == "bearer"
    for name, operation in operations(spec):
        ((scheme, scopes),) = operation["security"][0].items()
        assert scheme == "api key", name
        assert len(scopes) == 1, name
        assert {"401", "403"} <= set(operation["responses"]), name


def test_the_page_to_read_names_the_scopes(client):
    assert "<code>patients:write</code>" in client.get("/api/docs").text
