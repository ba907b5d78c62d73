"""Headers that every answer carries, whatever it is."""

import re
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError

from clinic.web.assets import LAYERS, PAGE_LAYERS
from tests.builders import patient_fields
from tests.page_client import hidden_value


def an_address(client) -> str:
    return str(client.post("/api/v1/patients", json=patient_fields()).headers["Location"])


def guess(client):
    """Try wrong passwords until none is tried any more."""
    browser = client.application.test_client()
    for _ in range(11):
        token = hidden_value(browser.get("/login").text, "csrf_token")
        answer = browser.post("/login", data={"csrf_token": token, "email": "a@example.org", "password": "x"})
    return answer


def fail(client, error: Exception):
    """Ask for a page whose service fails."""

    def burn(*_args, **_options):
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(client.application.config, "PROPAGATE_EXCEPTIONS", False)
        patch.setattr("clinic.patients.service.PatientService.list", burn)
        return client.get("/patients")


SHARED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
POLICY = {
    "default-src 'none'",
    *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "font", "connect")),
    *("form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'", "object-src 'none'"),
}
KINDS = {
    "page": lambda client: client.get("/patients"),
    "redirect": lambda client: client.submit("/patients/new", family_name="Pereira"),
    "missing page": lambda client: client.get("/nowhere"),
    "missing patient": lambda client: client.get("/patients/1"),
    "wrong method": lambda client: client.put("/patients"),
    "refused form": lambda client: client.submit("/patients/new"),
    "expired form": lambda client: client.post("/patients/new"),
    "json": lambda client: client.get("/api/v1/patients"),
    "created": lambda client: client.post("/api/v1/patients", json=patient_fields()),
    "json error": lambda client: client.post("/api/v1/patients", json={}),
    "missing json": lambda client: client.get("/api/nowhere"),
    "too large": lambda client: client.post("/api/v1/patients", data=b"x" * 2_000_000),
    "static file": lambda client: client.get("/static/css/base.css"),
    "file of styles": lambda client: client.get("/styles.css"),
    "missing file": lambda client: client.get("/static/nowhere.css"),
    "documentation": lambda client: client.get("/api/docs"),
    "head": lambda client: client.head("/patients"),
    "options": lambda client: client.options("/patients"),
    "export": lambda client: client.get("/audit/export"),
    "unchanged": lambda client: client.get("/api/v1/clinic", headers={"If-None-Match": '"1"'}),
    "stranger": lambda client: client.application.test_client().get("/patients"),
    "program without a key": lambda client: client.application.test_client().get("/api/v1/patients"),
    "other site": lambda client: client.get("/api/v1/patients", headers={"Origin": "https://evil.example"}),
    "other type": lambda client: client.post("/api/v1/patients", data="x", content_type="text/plain"),
    "expired link": lambda client: client.get("/password/none"),
    "foreign host": lambda client: client.get("/patients", base_url="http://evil.example"),
    "version needed": lambda client: client.patch(f"/api/v1/patients/{UUID(int=7)}", json={}),
    "stale": lambda client: client.patch(an_address(client), json={"given_name": "A"}, headers={"If-Match": '"9"'}),
    "too many tries": guess,
    "failure": lambda client: fail(client, RuntimeError("burnt")),
    "busy": lambda client: fail(client, OperationalError("", {}, Exception())),
}
STATUS = {
    "head": 200,
    "options": 200,
    "export": 200,
    "unchanged": 304,
    "stranger": 302,
    "program without a key": 401,
    "other site": 403,
    "other type": 415,
    "expired link": 410,
    "foreign host": 400,
    "version needed": 428,
    "stale": 412,
    "too many tries": 429,
    "failure": 500,
    "busy": 503,
}


@pytest.mark.breadth
@pytest.mark.row(95)
@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_carries_the_same_headers(client, kind):
    with KINDS[kind](client) as answer:
        headers = answer.headers

    assert {name: headers[name] for name in SHARED} == SHARED
    assert answer.status_code == STATUS.get(kind, answer.status_code)
    assert sorted(headers["Content-Security-Policy"].split("; ")) == sorted(POLICY)
    assert "Permissions-Policy" in headers
    assert headers["X-Request-ID"]
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.breadth
@pytest.mark.row(95)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if "file" not in kind or kind == "missing file"])
def test_nothing_about_people_is_kept_by_browsers(client, kind):
    assert KINDS[kind](client).headers["Cache-Control"] == "no-store"


def test_a_static_file_is_kept_for_ever_only_at_the_address_of_its_content(client):
    page = client.get("/patients").text
    url = page.partition('<script type="module" src="')[2].partition('"')[0].replace("&amp;", "&")

    with client.get(url) as kept, client.get(url.partition("?")[0]) as plain:
        assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "immutable" not in plain.headers["Cache-Control"]


def test_the_style_sheets_come_as_one_file_in_the_order_of_their_layers(client):
    page = client.get("/audit").text
    sheets = re.findall(r'rel="stylesheet" href="([^"]+)"', page)

    styles = client.get(sheets[0])

    assert len(sheets) == 1
    assert styles.content_type == "text/css; charset=utf-8"
    assert styles.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get("/styles.css").headers["Cache-Control"] == "no-cache"
    assert styles.text.startswith(f"@layer {', '.join(LAYERS)};")
    common = [layer for layer in LAYERS if layer not in PAGE_LAYERS]
    assert re.findall(r"^@layer ([a-z]+) {", styles.text, re.MULTILINE) == common
    folder = Path(client.application.static_folder) / "css"
    assert {path.stem for path in folder.glob("*.css")} == set(common)


def test_the_style_sheets_of_single_pages_stand_in_known_layers(client):
    folder = Path(client.application.static_folder) / "css" / "pages"

    found = {
        layer for path in folder.iterdir() for layer in re.findall(r"^@layer (\w+) {", path.read_text(), re.MULTILINE)
    }

    assert set(LAYERS) >= found >= PAGE_LAYERS


def test_browsers_are_bound_to_encryption_where_there_is_any(client):
    assert "max-age=" in client.get("/patients", base_url="https://localhost").headers["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in client.get("/patients").headers


@pytest.mark.breadth
@pytest.mark.parametrize("asked", ["x y", "x" * 65, "é", "<b>"])
def test_an_id_of_a_request_that_could_forge_a_log_is_replaced(client, asked):
    assert client.get("/patients", headers={"X-Request-ID": asked}).headers["X-Request-ID"] != asked


@pytest.mark.breadth
@pytest.mark.row(57)
@pytest.mark.parametrize(
    "path", ["..%2f..%2fpyproject.toml", "../../../pyproject.toml", "css/..%5c..%5cx", "%00", "css"]
)
def test_nothing_outside_the_static_files_is_served(client, path):
    assert client.get(f"/static/{path}").status_code == 404


@pytest.mark.slow
def test_no_page_has_a_script_or_style_of_its_own_or_anything_from_outside(client):
    for url in (
        "/patients",
        "/patients/new",
        "/appointments",
        "/appointments/new",
        "/messages",
        "/nowhere",
        "/api/docs",
        "/api/docs/schemas",
    ):
        page = client.get(url).text
        assert page.count("<script") == page.count('<script type="module" src="/static/')
        assert "<style" not in page
        for outside in (' style="', " onclick=", 'src="http', 'href="http', 'src="//', 'href="//', "@import"):
            assert outside not in page, (url, outside)
