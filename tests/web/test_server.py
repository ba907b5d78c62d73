"""What only a real server meets: odd requests, byte by byte, against gunicorn."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from urllib.parse import urlsplit

import pytest

from clinic import create_app
from clinic.core.db import db
from clinic.core.tenancy import clinic_scope
from clinic.identity.api_keys import api_key_service
from tests.browser.server import serve
from tests.builders import a_clinic
from tests.databases import make_tables

pytestmark = pytest.mark.slow

TOO_LONG = 64 * 1024


@dataclass(frozen=True)
class Served:
    """Where a clinic is served, a key to everything in it, and what the server writes."""

    origin: str
    key: str
    log: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with an empty clinic of its own."""
    folder = tmp_path_factory.mktemp("served")
    url = f"sqlite:///{folder / 'clinic.db'}"
    app = create_app({"TESTING": True, "SQLALCHEMY_DATABASE_URI": url, "INSTANCE_PATH": folder, "SECRET_KEY": "k" * 40})
    with app.app_context():
        make_tables()
        with clinic_scope(a_clinic().id):
            _, key = api_key_service.create(label="Server", scopes=["all"])
        db.engine.dispose()
    with serve(url, folder) as origin:
        yield Served(origin, key, folder / "server.log")


@pytest.fixture
def origin(served: Served) -> str:
    """Where the clinic is served."""
    return served.origin


def status_of(origin: str, request: bytes) -> int:
    """Send bytes and return the status of the answer; 0 if the connection was closed without one."""
    place = urlsplit(origin)
    with socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=20) as connection:
        with suppress(OSError):  # the server may have said no before it has heard everything
            connection.sendall(request)
        try:
            line = connection.makefile("rb").readline().split()
        except OSError:
            return 0
        return int(line[1]) if line else 0


def post(*headers: str, body: bytes = b"", path: str = "/login") -> bytes:
    """Return the bytes of a request with exactly these headers."""
    return "\r\n".join([f"POST {path} HTTP/1.1", *headers, "", ""]).encode() + body


def get(*headers: str, path: str = "/login") -> bytes:
    return post(*headers, path=path).replace(b"POST", b"GET", 1)


def still_answers(origin: str) -> bool:
    return status_of(origin, get("Host: localhost", "Connection: close")) == 200


FORM = "Content-Type: application/x-www-form-urlencoded"
JSON = "Content-Type: application/json"


@pytest.mark.row(60)
@pytest.mark.parametrize("host", ["evil.example", "localhost@evil.example", "evil.example:5000", ""])
def test_a_host_that_is_not_ours_is_refused_byte_by_byte(origin: str, host: str) -> None:
    assert status_of(origin, get(f"Host: {host}", "Connection: close")) == 400


@pytest.mark.row(60)
def test_another_host_told_by_a_proxy_that_is_none_of_ours_is_not_believed(origin: str) -> None:
    asked = get("Host: localhost", "X-Forwarded-Host: evil.example", "Connection: close", path="/patients")

    assert status_of(origin, asked) == 302


@pytest.mark.row(61)
@pytest.mark.parametrize(
    "headers",
    [
        ("Host: localhost", "Host: localhost"),
        ("Host: localhost", "Host: evil.example"),
        ("Host: localhost", "Transfer-Encoding: chunked", "Content-Length: 4"),
        ("Host: localhost", "Content-Length: 4", "Content-Length: 5"),
        ("Host: localhost", "Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
    ],
)
def test_a_request_that_two_servers_could_read_in_two_ways_is_refused(origin: str, headers: tuple[str, ...]) -> None:
    assert status_of(origin, post(*headers, FORM, body=b"0\r\n\r\n")) == 400
    assert still_answers(origin)


def pieces_of(body: bytes) -> bytes:
    """Return a body in pieces, as HTTP/1.1 sends what has no length known beforehand."""
    parts = (body[place : place + 65536] for place in range(0, len(body), 65536))
    return b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts) + b"0\r\n\r\n"


LARGE = {
    "form": ("/login", FORM, b"email=" + b"x" * 2**21),
    "JSON": ("/api/v1/patients", JSON, json.dumps({"family_name": "Pereira"}).encode() + b" " * 2**21),
    "text": ("/login", "Content-Type: text/plain", b"x" * 2**21),
    "what is not read": ("/api/v1/invoices/01a210d7-0000-7000-8000-000000000000/issue", JSON, b" " * 2**21),
}


@pytest.mark.row(62)
@pytest.mark.parametrize("kind", LARGE)
def test_more_than_a_megabyte_is_refused_also_in_pieces(served: Served, kind: str) -> None:
    path, content_type, body = LARGE[kind]
    headers = ["Host: localhost", content_type, f"Authorization: Bearer {served.key}"]

    whole = status_of(served.origin, post(*headers, f"Content-Length: {len(body)}", path=path, body=body))
    in_pieces = status_of(served.origin, post(*headers, "Transfer-Encoding: chunked", path=path, body=pieces_of(body)))

    assert (whole, in_pieces) == (413, 413)
    assert still_answers(served.origin)


@pytest.mark.row(62)
def test_a_body_in_pieces_below_the_limit_is_read_whole(served: Served) -> None:
    body = json.dumps({"family_name": "Pereira", "sex": "female"}).encode() + b" " * 900_000
    headers = ["Host: localhost", JSON, f"Authorization: Bearer {served.key}", "Transfer-Encoding: chunked"]

    assert status_of(served.origin, post(*headers, path="/api/v1/patients", body=pieces_of(body))) == 201


@pytest.mark.row(60)
@pytest.mark.parametrize("target", ["http://evil.example/login", "http://user:pw@localhost/login", "localhost/login"])
def test_an_address_that_names_its_host_is_refused(origin: str, target: str) -> None:
    assert status_of(origin, get("Host: localhost", "Connection: close", path=target)) == 400


@pytest.mark.row(60)
def test_a_request_without_a_host_is_refused(origin: str) -> None:
    assert status_of(origin, get("Connection: close")) == 400


@pytest.mark.row(60)
def test_no_answer_leads_to_a_host_that_was_only_asked_for(origin: str) -> None:
    assert status_of(origin, get("Host: localhost:1", "Connection: close", path="//patients//new")) == 404


@pytest.mark.row(63)
@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (post("Host: localhost", FORM, "Content-Length: 60000", body=b"a=1&" * 15000), 413),
        (get("Host: localhost", *(f"X-Header-{number}: x" for number in range(10_000))), 431),
        (get("Host: localhost", "Cookie: " + "; ".join(f"c{number}=x" for number in range(10_000))), 431),
        (get("Host: localhost", path="/login?next=" + "x" * TOO_LONG), 414),
    ],
    ids=["form fields", "headers", "cookies", "address"],
)
def test_too_many_parts_are_refused_and_the_next_request_is_answered(
    origin: str, request_bytes: bytes, status: int
) -> None:
    assert status_of(origin, request_bytes) == status
    assert still_answers(origin)


@pytest.mark.row(57)
@pytest.mark.parametrize("path", ["/static/../wsgi.py", "/static/%2e%2e/%2e%2e/wsgi.py", "/static/..%5c..%5cwsgi.py"])
def test_nothing_outside_the_static_files_is_served_byte_by_byte(origin: str, path: str) -> None:
    assert status_of(origin, get("Host: localhost", "Connection: close", path=path)) in {400, 404}


def test_the_server_does_not_reveal_its_version(origin: str, tmp_path: Path) -> None:
    place = urlsplit(origin)
    with socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=20) as connection:
        connection.sendall(get("Host: localhost", "Connection: close"))
        head = connection.makefile("rb").read().partition(b"\r\n\r\n")[0].lower()

    assert b"server: gunicorn\r\n" in head + b"\r\n"
    assert b"gunicorn/" not in head


@pytest.mark.row(57)
@pytest.mark.parametrize(
    "request_line",
    [
        "GET /api/v1/patients?q=InêsKanarienvogel HTTP/1.1",
        "GET /patients?q=Kanarienvogel\t HTTP/1.1",
        "GET /patients?q=Kanarienvogel",
        "KANARIENVOGEL SILVA",
        "GET / HTTP/1.1\r\nKanarienvogel Silva: x",
    ],
)
def test_what_the_server_can_not_understand_it_does_not_write_down(served: Served, request_line: str) -> None:
    status_of(served.origin, f"{request_line}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())

    assert still_answers(served.origin)
    assert "kanarienvogel" not in served.log.read_text().lower()


@pytest.mark.row(57)
def test_the_server_writes_json_from_the_first_request_on(served: Served) -> None:
    before = len(served.log.read_text().splitlines())
    status_of(served.origin, b"nonsense\r\n\r\n")
    assert still_answers(served.origin)

    lines = [json.loads(line) for line in served.log.read_text().splitlines()[before:]]

    assert [line["message"] for line in lines] == ["Invalid request from ip=127.0.0.1"]


def test_the_objects_of_a_started_process_are_not_collected_again(tmp_path):
    code = """
import gc
import clinic
print(gc.isenabled(), gc.get_freeze_count() > 10_000)
import wsgi
print(gc.isenabled(), gc.get_freeze_count() > 10_000, gc.get_threshold()[0] == wsgi.GC_THRESHOLD)
"""
    environment = {**os.environ, "CLINIC_INSTANCE_PATH": str(tmp_path), "CLINIC_SECRET_KEY": token_urlsafe(48)}
    command = [sys.executable, "-c", code]

    started = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)

    assert started.stdout.split() == ["True"] * 5
