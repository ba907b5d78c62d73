"""The head of the audit trail's chain, kept apart from the database: by it a cut-off end is found."""

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
    """The position and the seal of the last sealed entry."""

    position: int
    seal: str


START = Checkpoint(0, "")
"""Where the chain begins."""


def checkpoint_file() -> Path:
    """Return the file that keeps the head of this database, and of no other one that is called alike elsewhere."""
    # the application itself, as the proxy is not one to the type checker
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    url, folder = make_url(app.config["SQLALCHEMY_DATABASE_URI"]), Path(app.instance_path)
    if url.get_backend_name() == "sqlite" and Path(str(url.database)).resolve().parent == folder.resolve():
        return folder / f"{database_name(app)}-audit-head"
    whole = f"{url.get_backend_name()} {url.host} {url.port} {url.database}"
    return folder / f"{database_name(app)}-{sha256(whole.encode()).hexdigest()[:8]}-audit-head"


def load_checkpoint() -> Checkpoint | None:
    """Return the head that this machine has kept, if it has kept one.

    :raises BadConfiguration: if it can't be read
    """
    path = checkpoint_file()
    try:
        position, _, seal = path.read_text(encoding="ascii").strip().partition(" ")
        return Checkpoint(int(position), seal)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BadConfiguration(f"{path}, which says how far the audit trail is sealed, can't be read") from error


def save_checkpoint(head: Checkpoint) -> None:
    """Keep a head, unless a later one is kept already."""
    path = checkpoint_file()
    with _alone_in(path.parent):
        kept = load_checkpoint()
        if kept is None or kept.position < head.position:
            _replace(path, f"{head.position} {head.seal}\n")


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Let the processes of this machine take turns."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _replace(path: Path, content: str) -> None:
    """Replace a file at once, so that it is never there in part, readable by its owner only."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
