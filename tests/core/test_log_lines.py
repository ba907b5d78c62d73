"""Logs: one line each, with the request's id, whatever a stranger sends."""

import json
import logging

import pytest

from clinic.core.context import as_actor
from clinic.core.logging.formatters import JsonLine, PlainLine

HOSTILE = ["a\nb", "a\r\nERROR forged", "\x1b[31mred", "a\u2028b", "\x00", "\ud800", '"}{"', "ş€😀"]


def record(message: str) -> logging.LogRecord:
    return logging.LogRecord("clinic.web", logging.WARNING, __file__, 1, "said %s", (message,), None)


@pytest.mark.row(50)
@pytest.mark.parametrize("message", HOSTILE)
def test_a_record_is_one_line_of_json_that_keeps_every_character(message: str) -> None:
    line = JsonLine().format(record(message))

    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert json.loads(line)["message"] == f"said {message}"


def test_a_record_names_its_level_its_logger_its_time_and_its_request() -> None:
    with as_actor("api", request_id="abc-1"):
        said = json.loads(JsonLine().format(record("it")))

    assert (said["level"], said["logger"], said["request_id"]) == ("warning", "clinic.web", "abc-1")
    assert said["at"].endswith("+00:00")


@pytest.mark.parametrize("message", HOSTILE)
def test_a_line_for_a_person_has_no_control_characters(message: str) -> None:
    line = PlainLine("%(message)s").format(record(message))

    assert line.isprintable()
