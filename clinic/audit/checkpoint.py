"""The checkpoint: a copy of the last seal in a file of this machine, outside the database.

`AuditHead` is the copy in the database. Whoever removes the last entries can adapt that row as well, but not the file,
so that verification finds the truncated hash chain.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from flask import current_app
from sqlalchemy import make_url

from clinic.core.config import database_name
from clinic.core.errors import BadConfiguration


class Checkpoint(NamedTuple):
    """Position and seal of a sealed entry."""

    position: int
    seal: str


START = Checkpoint(0, "")
"""The checkpoint before the first entry."""


def checkpoint_file() -> Path:
    """Return the checkpoint's path, which is different for databases of the same name on other servers."""
    # the application itself, as the proxy is not one to the type checker
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    url, folder = make_url(app.config["SQLALCHEMY_DATABASE_URI"]), Path(app.instance_path)
    if url.get_backend_name() == "sqlite" and Path(str(url.database)).resolve().parent == folder.resolve():
        return folder / f"{database_name(app)}-audit-head"
    location = f"{url.get_backend_name()} {url.host} {url.port} {url.database}"
    return folder / f"{database_name(app)}-{sha256(location.encode()).hexdigest()[:8]}-audit-head"


def load_checkpoint() -> Checkpoint | None:
    """Return this machine's checkpoint, None if it has none.

    :raises BadConfiguration: if the file can't be read
    """
    path = checkpoint_file()
    try:
        position, _, seal = path.read_text(encoding="ascii").strip().partition(" ")
        return Checkpoint(int(position), seal)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BadConfiguration(f"{path}, the checkpoint of the audit trail, can't be read") from error


def save_checkpoint(checkpoint: Checkpoint) -> None:
    """Store a checkpoint, unless a later one is stored already."""
    path = checkpoint_file()
    with _locked(path.parent):
        stored = load_checkpoint()
        if stored is None or stored.position < checkpoint.position:
            _replace(path, f"{checkpoint.position} {checkpoint.seal}\n")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock a folder against this machine's other processes."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _replace(path: Path, content: str) -> None:
    """Replace a file atomically by one that only its owner can read."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
