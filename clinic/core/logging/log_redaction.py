"""Redaction of the web servers' logs: no query string, no token and no other input is left in them."""

import logging
import re
import sys

from clinic.core.logging.error_summary import error_name, traceback_summary
from clinic.core.logging.formatters import JsonLine

_SERVERS = ("werkzeug", "gunicorn.error", "gunicorn.access")
_ANSI_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_QUOTED = re.compile(r'".*"(?= [0-9]{3} )|"[^"]*"', re.DOTALL)
_REQUEST_LINE = re.compile(r"([A-Z]+) (/[^?\s]*)(?:\?.*)? (HTTP/[0-9.]+)", re.DOTALL)
_TOKEN = re.compile(r"^(/password|/my/[a-z]+)/(?!forgotten$|sent$).+")
"""The path of a link in a mail, whose token is as good as a password: in mails to staff and to patients."""

_ERROR_TEXT = re.compile(
    r"(?P<kept>Invalid request from ip=\S+?(?=: )|Error handling request|Error on request|code [0-9]{3}, message)"
    r".*",
    re.DOTALL,
)
"""A server's message about a request that it can't read or answer, and the input or error text that follows."""


class RedactingFilter(logging.Filter):
    """Removes query strings, tokens and unreadable input from a server's log records."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact a record; no record is dropped."""
        line = _ERROR_TEXT.sub(r"\g<kept>", _ANSI_STYLE.sub("", record.getMessage()))
        record.msg, record.args = _QUOTED.sub(_address_only, line), ()
        if record.exc_info and record.exc_info[1] and "request" in record.msg:
            error = record.exc_info[1]
            record.msg += f" error={error_name(error)} frames={traceback_summary(error)}"
            record.exc_info = record.exc_text = None
        return True


def init_log_redaction() -> None:
    """Redact the servers' log lines and, without a terminal, format them as JSON; once in a process."""
    for name in _SERVERS:
        logger = logging.getLogger(name)
        if not any(isinstance(one, RedactingFilter) for one in logger.filters):
            logger.addFilter(RedactingFilter())
    if sys.stderr.isatty():
        return
    werkzeug = logging.getLogger("werkzeug")
    if not werkzeug.handlers:
        werkzeug.addHandler(logging.StreamHandler(sys.stderr))
    for name in _SERVERS:
        for handler in logging.getLogger(name).handlers:
            handler.setFormatter(JsonLine())


def _address_only(match: re.Match[str]) -> str:
    """Return a quoted request line without its query string; the text of another quotation is removed."""
    request = _REQUEST_LINE.fullmatch(match[0][1:-1])
    if not request:
        return '"…"'
    address = _TOKEN.sub(r"\1/…", request[2])
    return f'"{request[1]} {address} {request[3]}"'
