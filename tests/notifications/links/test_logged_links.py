"""The token of a link is in no log line, whatever becomes of its request: it is as good as a password."""

import logging
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from clinic.core.logging.formatters import JsonLine
from clinic.core.logging.log_redaction import init_log_redaction
from clinic.notifications.pages import message_links, visit_links

UNKNOWN = "unknown-token-of-nobody"
ERRORS = (
    RuntimeError,
    lambda path: OperationalError("SELECT ?", (path,), sqlite3.OperationalError(f"disk full: {path}")),
)


@pytest.fixture
def log(app) -> Iterator[list[str]]:
    """Every line of the application and of its server while a test runs, with tracebacks, as it is written."""
    init_log_redaction()
    lines: list[str] = []
    handler: Any = logging.Handler()
    handler.emit = lambda record: lines.append(handler.format(record))
    handler.setFormatter(JsonLine())
    loggers = [logging.getLogger(), *(one for one in logging.Logger.manager.loggerDict.values()
                                      if isinstance(one, logging.Logger) and not one.propagate),
               logging.getLogger("gunicorn.error"), logging.getLogger("gunicorn.access")]  # fmt: skip
    for logger in loggers:
        logger.addHandler(handler)
    yield lines
    for logger in loggers:
        logger.removeHandler(handler)


def pages_of(links):
    """Return every public page: the paths in a message, and those below them."""
    of_visit = [f"{links['answer']}{end}" for end in ("/time", "/birth-date", "/appointment.ics", "/nothing")]
    known = [*links.values(), *of_visit]
    tokens = {token_in(path) for path in links.values()}
    missing = [path.replace(token, UNKNOWN) for path in known for token in tokens if token in path]
    return [*known, *missing]


def token_in(path):
    return path.split("/")[3].removesuffix(".ics")


def ask(visitor, path, method):
    """Send a request, and log it as the server does."""
    status = visitor.open(f"{path}?lang=en", method=method, data={"answer": "x"}).status_code
    line = f"{method} {path}?lang=en HTTP/1.1"
    for server in ("werkzeug", "gunicorn.access"):
        logging.getLogger(server).warning('%s - - "%s" %s -', "127.0.0.1", line, status)
    logging.getLogger("gunicorn.error").warning("Error handling request %s", path)
    return status


def test_no_log_line_of_any_public_page_has_its_token(visitor, links, log):
    log.clear()
    asked = {ask(visitor, path, method) for path in pages_of(links) for method in ("GET", "POST", "HEAD", "PUT")}

    assert asked >= {200, 404, 405}
    everything = "\n".join(log)
    assert everything.count("/my/") > 20
    assert [token for token in {UNKNOWN, *map(token_in, links.values())} if token in everything] == []


@pytest.mark.slow
@pytest.mark.parametrize("error", ERRORS, ids=["error", "database"])
def test_no_log_line_of_a_request_that_fails_has_its_token(visitor, links, log, monkeypatch, error):
    monkeypatch.setitem(visitor.application.config, "PROPAGATE_EXCEPTIONS", False)

    def fail(token, _purpose):
        raise error(f"cannot read /my/visit/{token}")

    for module in (visit_links, message_links):
        monkeypatch.setattr(module, "find_link", fail)
    log.clear()
    asked = {ask(visitor, path, method) for path in links.values() for method in ("GET", "POST")}

    assert asked & {500, 503}
    everything = "\n".join(log)
    assert "frames=" in everything
    assert [token for token in map(token_in, links.values()) if token in everything] == []
