"""Logs: one line each, with the request's id, whatever a stranger sends."""

import json
import logging

import pytest

from clinic.core.context import acting_as
from clinic.core.logs import JsonLine, PlainLine, WithoutQuery, init_logs

HOSTILE = ["a\nb", "a\r\nERROR forged", "\x1b[31mred", "a\u2028b", "\x00", "\ud800", '"}{"', "ş€😀"]


def record(message: str) -> logging.LogRecord:
    return logging.LogRecord("clinic.web", logging.WARNING, __file__, 1, "said %s", (message,), None)


@pytest.mark.parametrize("message", HOSTILE)
def test_row_50_a_record_is_one_line_of_json_that_keeps_every_character(message: str) -> None:
    line = JsonLine().format(record(message))

    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert json.loads(line)["message"] == f"said {message}"


def test_a_record_names_its_level_its_logger_its_time_and_its_request() -> None:
    with acting_as("api", request_id="abc-1"):
        said = json.loads(JsonLine().format(record("it")))

    assert (said["level"], said["logger"], said["request_id"]) == ("warning", "clinic.web", "abc-1")
    assert said["at"].endswith("+00:00")


@pytest.mark.parametrize("message", HOSTILE)
def test_a_line_for_a_person_has_no_control_characters(message: str) -> None:
    line = PlainLine("%(message)s").format(record(message))

    assert line.isprintable()


@pytest.mark.parametrize(
    ("message", "args", "written"),
    [
        ('"%s" %s %s', ("GET /patients?q=Wei%C3%9F&page=2 HTTP/1.1", 200, "-"), '"GET /patients HTTP/1.1" 200 -'),
        ('"%s" %s %s', ("GET /patients HTTP/1.1", 200, "-"), '"GET /patients HTTP/1.1" 200 -'),
        (
            "code 400, message Bad request syntax ('GET /patients?q=Jo')",
            (),
            "code 400, message Bad request syntax ('GET /patients",
        ),
    ],
)
def test_request_lines_of_flask_s_own_server_tell_nobody_s_name(
    caplog: pytest.LogCaptureFixture, message: str, args: tuple[object, ...], written: str
) -> None:
    init_logs()
    init_logs()
    server = logging.getLogger("werkzeug")
    with caplog.at_level(logging.INFO, "werkzeug"):
        server.info(message, *args)

    assert caplog.messages == [written]
    assert sum(isinstance(one, WithoutQuery) for one in server.filters) == 1
