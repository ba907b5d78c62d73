"""Addresses of static files that change with their content, so that browsers may keep them for ever."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from flask import Flask, current_app


def init_app(app: Flask) -> None:
    """Let templates ask for `static_url('css/base.css')`."""
    app.jinja_env.globals["static_url"] = static_url


def static_url(filename: str) -> str:
    """Return the address of a static file with a hash of what is in it."""
    return f"{current_app.static_url_path}/{filename}?v={_hash_of(filename)}"


@cache
def _hash_of(filename: str) -> str:
    path = Path(__file__).parent / "static" / filename
    return sha256(path.read_bytes()).hexdigest()[:12]
