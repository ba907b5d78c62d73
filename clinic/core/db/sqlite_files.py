"""Detection of replaced or removed SQLite files, whose connections must not be used; files are compared by inode."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from clinic.core.errors import ClinicError

FileId = tuple[int, int] | None
"""Device and inode of a file, None if it does not exist."""

_OPEN_FILES = "sqlite_files"
_IN_MEMORY = {"", ":memory:"}


class DatabaseReplaced(ClinicError):
    """The database's files were replaced or removed while this process had them open."""

    code = "database-replaced"
    retry_after = 60

    def __init__(self) -> None:
        super().__init__("The database file was replaced or removed while the program ran: restart the program")


@dataclass(frozen=True)
class Files:
    """The database file, its write-ahead log and the log's index."""

    database: FileId
    wal: FileId
    shm: FileId


class FileWatch:
    """Watches the database file of an engine; once it has been replaced, every connection is refused."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.database: FileId = None
        self.is_replaced = False

    def reset(self) -> None:
        """Watch the file that the next connection opens."""
        self.database, self.is_replaced = None, False

    def check_database(self) -> None:
        """Check the database file before a connection opens it.

        :raises DatabaseReplaced: if it is not the file that the first connection opened
        """
        if self.is_replaced or (self.database is not None and _file_id(self.path) != self.database):
            self.is_replaced = True
            raise DatabaseReplaced

    def remember(self, connection_info: dict[str, Any]) -> None:
        """Store in the `info` of a new connection which files it has opened."""
        files = self._present()
        self.database = self.database or files.database
        connection_info[_OPEN_FILES] = self, files

    def check(self, opened: Files) -> Files:
        """Check that the files that a connection has open are still at their paths; return them.

        :raises DatabaseReplaced: if one was replaced or removed
        """
        present = self._present()
        # SQLite creates the log at the first access of a new database.
        if opened.wal is None:
            opened = replace(opened, wal=present.wal, shm=present.shm)
        if self.is_replaced or present != opened or opened.database != self.database:
            self.is_replaced = True
            raise DatabaseReplaced
        return opened

    def _present(self) -> Files:
        return Files(*(_file_id(self.path + suffix) for suffix in ("", "-wal", "-shm")))


def watch_of(path: str | None) -> FileWatch | None:
    """Return a watch of a database's path; None for databases in memory and URIs."""
    return None if path is None or path in _IN_MEMORY or path.startswith("file:") else FileWatch(path)


def check_open_files(connection_info: dict[str, Any]) -> None:
    """Check that the files that a connection to SQLite has open are still at their paths.

    :raises DatabaseReplaced: if one was replaced or removed
    """
    if remembered := connection_info.get(_OPEN_FILES):
        watch, files = remembered
        connection_info[_OPEN_FILES] = watch, watch.check(files)


def _file_id(path: str) -> FileId:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
