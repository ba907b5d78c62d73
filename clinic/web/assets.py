"""Addresses of static files that change with their content, so that browsers may keep them for ever."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from flask import Flask, Response, current_app

from clinic.web.authorization import public

LAYERS = ("reset", "tokens", "base", "layout", "components", "schedule", "print")
"""The style sheets, in the order in which they go over one another."""

KEPT = {"static", "styles"}
"""The endpoints whose answers a browser may keep."""

_FOLDER = Path(__file__).parent / "static"


def init_app(app: Flask) -> None:
    """Serve all style sheets as one file; let templates ask for `static_url('icons.svg')` and `styles_url()`."""
    app.add_url_rule("/styles.css", "styles", _styles)
    app.jinja_env.globals.update(static_url=static_url, styles_url=styles_url)


def static_url(filename: str) -> str:
    """Return the address of a static file with a hash of what is in it."""
    return f"{current_app.static_url_path}/{filename}?v={_hash_of_file(filename)}"


@cache
def styles_url() -> str:
    """Return the address of the joined style sheets with a hash of what is in them."""
    return f"/styles.css?v={_hash_of(_joined())}"


@public
def _styles() -> Response:
    return Response(_joined(), mimetype="text/css", headers={"Cache-Control": "no-cache"})


@cache
def _joined() -> bytes:
    return b"\n".join((_FOLDER / "css" / f"{layer}.css").read_bytes() for layer in LAYERS)


@cache
def _hash_of_file(filename: str) -> str:
    return _hash_of((_FOLDER / filename).read_bytes())


def _hash_of(content: bytes) -> str:
    return sha256(content).hexdigest()[:12]
