"""Faults of a database, recognized by SQLite's primary result codes and PostgreSQL's SQLSTATEs."""

from dataclasses import dataclass

from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

SOON, LATER = 5, 60
"""Values of `Retry-After` in seconds: for a fault that ends by itself, and for one that an operator has to correct."""


@dataclass(frozen=True)
class DatabaseFault:
    """A fault because of which nothing can be stored; `is_setup` marks faults of the configuration."""

    code: str
    reason: str
    remedy: str
    retry_after: int = LATER
    is_setup: bool = False


LOCKED = DatabaseFault("unavailable", "The database is busy", "try again", SOON)
AWAY = DatabaseFault("unavailable", "The database can't be reached", "try again", SOON)
DISK_FULL = DatabaseFault("disk-full", "The database's disk is full", "free some space on it")
DISK_FAILED = DatabaseFault("disk-failed", "The database's disk can't be read or written", "check the disk")
CORRUPT = DatabaseFault("database-corrupt", "The database is damaged", "restore a backup")
READ_ONLY = DatabaseFault(
    "database-read-only", "The database can only be read", "let the program write to it", is_setup=True
)
NOT_A_DATABASE = DatabaseFault(
    "not-a-database", "The configured file is not a database", "correct CLINIC_DATABASE_URL", is_setup=True
)

_SQLITE = {
    5: LOCKED,
    6: LOCKED,
    8: READ_ONLY,
    10: DISK_FAILED,
    11: CORRUPT,
    13: DISK_FULL,
    26: NOT_A_DATABASE,
}
"""Faults by primary result code, https://www.sqlite.org/rescode.html."""

_POSTGRESQL = {
    "25006": READ_ONLY,
    "40001": LOCKED,
    "40P01": LOCKED,
    "53100": DISK_FULL,
    "55P03": LOCKED,
    "58030": DISK_FAILED,
    "XX001": CORRUPT,
    "XX002": CORRUPT,
}

_REFUSED_BY_SQLITE = {5, 6, 8, 13, 19}
"""Results of a COMMIT that has certainly stored nothing: busy, locked, read-only, full, constraint."""

_LOST = ("08", "57", "58", "XX")
"""Classes of SQLSTATE after which it is unknown whether a COMMIT has stored anything."""


def database_fault(error: DBAPIError) -> DatabaseFault | None:
    """Return the fault of the database that caused an error, None if the statement itself caused it."""
    known = _SQLITE.get(_sqlite_code(error)) or _POSTGRESQL.get(_sqlstate(error))
    is_away = isinstance(error, OperationalError) or type(error) is DatabaseError
    return known or (AWAY if is_away else None)


def is_refused(error: BaseException) -> bool:
    """Return whether a COMMIT that ended with this error certainly stored nothing."""
    if not isinstance(error, DBAPIError) or error.connection_invalidated:
        return False
    sqlstate = _sqlstate(error)
    return _sqlite_code(error) in _REFUSED_BY_SQLITE or bool(sqlstate and not sqlstate.startswith(_LOST))


def _sqlite_code(error: DBAPIError) -> int:
    return int(getattr(error.orig, "sqlite_errorcode", 0)) & 0xFF


def _sqlstate(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")
