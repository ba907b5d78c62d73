"""Summaries of errors for logs and tables: class and place, never the message, which may name people."""

import re
import sysconfig
from traceback import extract_tb
from typing import Any

from sqlalchemy.exc import DBAPIError

INNERMOST = 3
MAX_FRAMES = 12
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})

_CONSTRAINT = re.compile(r"(?:[A-Z ]+ constraint failed: )?([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+(?:, [A-Za-z0-9_.]+)*)?)")
"""The message of SQLite about a constraint: its name, its columns, or the text that a trigger raises."""


def error_name(error: BaseException) -> str:
    """Return the dotted name of an error's class; for a database error also the state and the constraint's name.

    An example is `sqlalchemy.exc.IntegrityError[23505:uq_patients_mrn]`. PostgreSQL gives the SQLSTATE; SQLite has
    its own error names, and names a unique constraint by its columns.
    """
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if not issubclass(kind, DBAPIError):
        return name
    state = ":".join(part for part in _state_of(error.orig) if part)  # type: ignore[attr-defined]
    return f"{name}[{state}]" if state else name


def traceback_summary(error: BaseException) -> str:
    """Return the frames of an error, outermost first, as `file:line function > …`; of libraries only the last ones."""
    frames = extract_tb(error.__traceback__)
    kept = [frame for frame in frames[:-INNERMOST] if not frame.filename.startswith(_LIBRARIES)] + frames[-INNERMOST:]
    return " > ".join(f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in kept[-MAX_FRAMES:])


def _state_of(orig: Any) -> tuple[str, str]:
    """Return the state and the constraint's name from a driver's error; neither is user input."""
    if sqlstate := getattr(orig, "sqlstate", None):
        return str(sqlstate), orig.diag.constraint_name or orig.diag.column_name or ""
    state = str(getattr(orig, "sqlite_errorname", ""))
    match = _CONSTRAINT.fullmatch(str(orig)) if "CONSTRAINT" in state else None
    return state, match[1].replace(", ", "+") if match else ""


def _short(filename: str) -> str:
    """Return the last two parts of a path, without the machine's folders."""
    return "/".join(filename.replace("\\", "/").split("/")[-2:])
