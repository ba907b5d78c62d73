"""Logs: what happened, where and how often; never who."""

import logging
import sys
from typing import Any

from clinic.core.failures import class_of, frames_of

_log = logging.getLogger("clinic.web")


class _OneLine(logging.Formatter):
    """Writes a record as one line, whatever is in it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record with line breaks and control characters escaped."""
        written = super().format(record)
        return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in written)


def init_logs() -> None:
    """Let the clinic's loggers write to stderr, once in a process, unless somebody has set them up before."""
    logger = logging.getLogger("clinic")
    if not any(getattr(handler, "clinic", False) for handler in logger.handlers):
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_OneLine("%(asctime)s %(levelname)s %(name)s %(message)s"))
        handler.clinic = True  # type: ignore[attr-defined]
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)


def log_exception(exc_info: Any) -> None:
    """Log an unexpected error with its class and frames."""
    error = exc_info[1]
    _log.error("unexpected_error error=%s frames=%s", class_of(error), frames_of(error))
