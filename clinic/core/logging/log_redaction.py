"""Logs of the servers that run the application: no name, no token and no word that somebody sent is left in them."""

import logging
import re
import sys

from clinic.core.logging.error_summary import error_name, traceback_summary
from clinic.core.logging.formatters import JsonLine

_SERVERS = ("werkzeug", "gunicorn.error", "gunicorn.access")
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_QUOTED = re.compile(r'".*"(?= [0-9]{3} )|"[^"]*"', re.DOTALL)
_ASKED = re.compile(r"([A-Z]+) (/[^?\s]*)(?:\?.*)? (HTTP/[0-9.]+)", re.DOTALL)
_TOKEN = re.compile(r"^/password/(?!forgotten$|sent$).+")
_WORDS = re.compile(
    r"(?P<said>Invalid request from ip=\S+?(?=: )|Error handling request|Error on request|code [0-9]{3}, message)"
    r".*",
    re.DOTALL,
)
"""What servers say of a request that they could not read or answer, and what follows: words of it, or of an error."""


class RedactingFilter(logging.Filter):
    """Leaves of each line of a server what was done, not what was searched for, nor what could not be understood."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, with what is fit for everybody's eyes."""
        line = _WORDS.sub(r"\g<said>", _STYLE.sub("", record.getMessage()))
        record.msg, record.args = _QUOTED.sub(_address_only, line), ()
        if record.exc_info and record.exc_info[1] and "request" in record.msg:
            error = record.exc_info[1]
            record.msg += f" error={error_name(error)} frames={traceback_summary(error)}"
            record.exc_info = record.exc_text = None
        return True


def init_log_redaction() -> None:
    """Let servers' lines be clean and, away from a terminal, JSON; once in a process."""
    for name in _SERVERS:
        logger = logging.getLogger(name)
        if not any(isinstance(one, RedactingFilter) for one in logger.filters):
            logger.addFilter(RedactingFilter())
    if sys.stderr.isatty():
        return
    own = logging.getLogger("werkzeug")
    if not own.handlers:
        own.addHandler(logging.StreamHandler(sys.stderr))
    for name in _SERVERS:
        for handler in logging.getLogger(name).handlers:
            handler.setFormatter(JsonLine())


def _address_only(match: re.Match[str]) -> str:
    """Return a quoted request line with its address alone; another quotation may be anything."""
    asked = _ASKED.fullmatch(match[0][1:-1])
    if not asked:
        return '"…"'
    return f'"{asked[1]} {_TOKEN.sub("/password/…", asked[2])} {asked[3]}"'
