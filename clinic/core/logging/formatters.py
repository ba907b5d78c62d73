"""Formatters of log lines: JSON for programs, text for terminals."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TextIO

from clinic.core.context import current_actor
from clinic.core.logging.error_summary import error_name, traceback_summary

_log = logging.getLogger("clinic.web")


class JsonLine(logging.Formatter):
    """Formats a record as one line of JSON with the id of the request."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of ASCII.

        Only an error that prevents a server from starting has a traceback with its message; own lines have none.
        """
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "request_id": current_actor().request_id,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


class PlainLine(logging.Formatter):
    """Formats a record as one line of text for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record with line breaks and control characters escaped."""
        line = super().format(record)
        return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)


def init_logging() -> None:
    """Add a handler for stderr to the logger `clinic`, once in a process."""
    logger = logging.getLogger("clinic")
    if not _own_handlers():
        handler = logging.StreamHandler(sys.stderr)
        plain = PlainLine("%(asctime)s %(levelname)s %(name)s %(message)s")
        handler.setFormatter(plain if sys.stderr.isatty() else JsonLine())
        handler.clinic = True  # type: ignore[attr-defined]
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)


def logs_to_terminal() -> bool:
    """Return whether log lines go to a terminal."""
    return any(handler.stream.isatty() for handler in _own_handlers())


@contextmanager
def no_log_on_terminal() -> Iterator[None]:
    """Write no log lines to a terminal in this block: they would hide what a command says."""
    silenced = [handler for handler in _own_handlers() if handler.stream.isatty()]
    for handler in silenced:
        handler.addFilter(_no_record)
    try:
        yield
    finally:
        for handler in silenced:
            handler.removeFilter(_no_record)


def log_exception(exc_info: Any) -> None:
    """Log an unexpected error with its class and frames."""
    error = exc_info[1]
    _log.error("unexpected_error error=%s frames=%s", error_name(error), traceback_summary(error))


def _own_handlers() -> list[logging.StreamHandler[TextIO]]:
    """Return the handlers that write the program's log lines to stderr."""
    streams = (one for one in logging.getLogger("clinic").handlers if isinstance(one, logging.StreamHandler))
    return [handler for handler in streams if getattr(handler, "clinic", False)]


def _no_record(_record: logging.LogRecord) -> bool:
    return False
