"""What may be written down about an error: its class and its place, never its words."""

import re
import sysconfig
from traceback import extract_tb
from typing import Any

from sqlalchemy.exc import DBAPIError

INNERMOST = 3
MAX_FRAMES = 12
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})

_SQLITE_SAYS = re.compile(r"(?:[A-Z ]+ constraint failed: )?([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+(?:, [A-Za-z0-9_.]+)*)?)")
"""How SQLite names a constraint that refused something, or its columns, or what a trigger raised."""


def error_name(error: BaseException) -> str:
    """Return the dotted name of the error's class; of a database's error also its state and the constraint's name.

    That is `sqlalchemy.exc.IntegrityError[23505:uq_patients_mrn]`. PostgreSQL tells the SQLSTATE; SQLite has names of
    its own, and tells a unique constraint by its columns.
    """
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if not issubclass(kind, DBAPIError):
        return name
    said = ":".join(word for word in _state_of(error.orig) if word)  # type: ignore[attr-defined]
    return f"{name}[{said}]" if said else name


def traceback_summary(error: BaseException) -> str:
    """Return where the error came from, outermost first, `file:line function > …`; of libraries the last frames."""
    frames = extract_tb(error.__traceback__)
    kept = [frame for frame in frames[:-INNERMOST] if not frame.filename.startswith(_LIBRARIES)] + frames[-INNERMOST:]
    return " > ".join(f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in kept[-MAX_FRAMES:])


def _state_of(orig: Any) -> tuple[str, str]:
    """Return what the driver's error says of its kind and of the constraint, none of which a person has typed."""
    if sqlstate := getattr(orig, "sqlstate", None):
        return str(sqlstate), orig.diag.constraint_name or orig.diag.column_name or ""
    state = str(getattr(orig, "sqlite_errorname", ""))
    refused = _SQLITE_SAYS.fullmatch(str(orig)) if "CONSTRAINT" in state else None
    return state, refused[1].replace(", ", "+") if refused else ""


def _short(filename: str) -> str:
    """Keep the last two parts of a path: enough to find the place, nothing about the machine."""
    return "/".join(filename.replace("\\", "/").split("/")[-2:])
