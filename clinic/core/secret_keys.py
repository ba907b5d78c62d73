"""Secret keys: their strength, and the files in which an installation keeps its own."""

import os
import secrets
import stat
from pathlib import Path

from clinic.core.errors import BadConfiguration

MIN_KEY_LENGTH = 32
MIN_KEY_VARIETY = 5
EXAMPLE_KEYS = {"dev", "secret", "changeme", "change-me"}


def refuse_weak_key(key: str | None, setting: str) -> None:
    """Refuse a key that could be guessed.

    :raises BadConfiguration: if it is missing or weak; the message names the setting
    """
    weak = not key or key in EXAMPLE_KEYS or len(key) < MIN_KEY_LENGTH or len(set(key)) < MIN_KEY_VARIETY
    if weak:
        raise BadConfiguration(
            f"{setting} is missing or weak: set at least {MIN_KEY_LENGTH} random characters, "
            "for example from `python -c 'import secrets; print(secrets.token_urlsafe(48))'`"
        )


def load_or_create_key(path: Path, setting: str) -> str:
    """Return the key in a file of the instance folder; it is created at first, readable by its owner only.

    :raises BadConfiguration: if it is weak or can't be stored; the message names the setting to use instead
    """
    try:
        return _own_key(path, setting)
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfiguration(
            f"the key can't be kept in {path} ({getattr(error, 'strerror', 'not ASCII')}): "
            f"let this user write there, or set {setting}"
        ) from error


def _own_key(path: Path, setting: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        key = path.read_text(encoding="ascii").strip()
        refuse_weak_key(key, setting)
        return key
    key = secrets.token_urlsafe(48)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key)
    return key


def refuse_open_file(path: Path) -> None:
    """Refuse a file with keys or passwords that every user of the machine can read.

    :raises BadConfiguration: if it is; the message names the file
    """
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & stat.S_IROTH:
        raise BadConfiguration(f"everybody on this machine may read {path}: chmod o-r it, as it holds what is secret")
