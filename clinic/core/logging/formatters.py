"""Logs: what happened, where and how often; never who."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from clinic.core.context import current_actor
from clinic.core.logging.error_summary import error_name, traceback_summary

_log = logging.getLogger("clinic.web")


class JsonLine(logging.Formatter):
    """Writes a record as one line of JSON with the id of its request, for programs that collect logs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON; whatever is in it, it is one line of ASCII.

        Only a server that does not start tells of an error with its words: the clinic's own lines never do.
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
    """Writes a record as one line for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record with line breaks and control characters escaped."""
        written = super().format(record)
        return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in written)


def init_logging() -> None:
    """Let the clinic's loggers write to stderr, once in a process, unless somebody has set them up before."""
    logger = logging.getLogger("clinic")
    if not any(getattr(handler, "clinic", False) for handler in logger.handlers):
        handler = logging.StreamHandler(sys.stderr)
        plain = PlainLine("%(asctime)s %(levelname)s %(name)s %(message)s")
        handler.setFormatter(plain if sys.stderr.isatty() else JsonLine())
        handler.clinic = True  # type: ignore[attr-defined]
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)


def log_exception(exc_info: Any) -> None:
    """Log an unexpected error with its class and frames."""
    error = exc_info[1]
    _log.error("unexpected_error error=%s frames=%s", error_name(error), traceback_summary(error))
