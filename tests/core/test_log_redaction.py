"""Log lines of the web servers: the request without query string, token or other input."""

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest

from clinic.core.logging.formatters import JsonLine
from clinic.core.logging.log_redaction import RedactingFilter, init_log_redaction

LINE = '%s - - [25/Nov/2026 13:27:43] "%s" %s -'
CANARY = "Weiß"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the loggers of both servers write, one line of JSON each."""
    init_log_redaction()
    init_log_redaction()
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLine())
    for name in ("werkzeug", "gunicorn.error"):
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(logging.INFO)
    yield stream
    for name in ("werkzeug", "gunicorn.error"):
        logging.getLogger(name).removeHandler(handler)


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ("GET /patients HTTP/1.1", "GET /patients HTTP/1.1"),
        ("GET /patients?q=Wei%C3%9F&page=2 HTTP/1.1", "GET /patients HTTP/1.1"),
        ("\x1b[33mGET /nowhere HTTP/1.1\x1b[0m", "GET /nowhere HTTP/1.1"),
        ("GET /password/a_real-token HTTP/1.1", "GET /password/… HTTP/1.1"),
        ("POST /password/a_real-token?x HTTP/1.1", "POST /password/… HTTP/1.1"),
        ("GET /password/forgotten HTTP/1.1", "GET /password/forgotten HTTP/1.1"),
        ("Weiß Silva", "…"),
        ('GET /patients?q="Weiß" HTTP/1.1', "GET /patients HTTP/1.1"),
        ('GET /x" 200 "Weiß', "…"),
        ("GET /patients?q=Weiß", "…"),
    ],
)
@pytest.mark.row(57)
def test_a_line_of_flask_s_own_server_has_the_address_alone(written: io.StringIO, asked: str, left: str) -> None:
    logging.getLogger("werkzeug").info(LINE, "127.0.0.1", asked, 404)

    assert json.loads(written.getvalue())["message"] == LINE % ("127.0.0.1", left, 404)


@pytest.mark.row(57)
@pytest.mark.parametrize(
    ("server", "said", "left"),
    [
        ("werkzeug", "code 400, message Bad request syntax ('GET /patients?q=Weiß')", "code 400, message"),
        ("werkzeug", "Error on request:\nTraceback …\nValueError: Weiß", "Error on request"),
        (
            "gunicorn.error",
            "Invalid request from ip=2001:db8::1: Invalid HTTP request line: 'GET /?q=Weiß HTTP/1.1'",
            "Invalid request from ip=2001:db8::1",
        ),
        ("gunicorn.error", "Error handling request GET /patients?q=Weiß", "Error handling request"),
        ("gunicorn.error", "Booting worker with pid: 7", "Booting worker with pid: 7"),
    ],
)
def test_what_a_server_could_not_understand_is_not_written(
    written: io.StringIO, server: str, said: str, left: str
) -> None:
    logging.getLogger(server).warning(said)

    assert json.loads(written.getvalue())["message"] == left


@pytest.mark.row(65)
def test_an_error_outside_the_application_is_logged_with_class_and_frames(written: io.StringIO) -> None:
    try:
        raise ValueError(CANARY)
    except ValueError:
        logging.getLogger("gunicorn.error").exception("Error handling request %s", f"/patients?q={CANARY}")

    line = json.loads(written.getvalue())
    assert line["message"].startswith("Error handling request error=ValueError frames=")
    assert "traceback" not in line
    assert CANARY not in line["message"]


def test_the_error_that_keeps_a_server_from_starting_is_logged_in_full(written: io.StringIO) -> None:
    try:
        raise ValueError("no such module")
    except ValueError:
        logging.getLogger("gunicorn.error").exception("Exception in worker process")

    assert json.loads(written.getvalue())["traceback"].endswith("ValueError: no such module")


def test_setting_up_twice_cleans_once(written: io.StringIO) -> None:
    server = logging.getLogger("werkzeug")

    assert sum(isinstance(one, RedactingFilter) for one in server.filters) == 1
    assert sys.stderr.isatty() or len(server.handlers) == 2
