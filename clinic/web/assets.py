"""URLs of static files with a hash of their content, so that browsers may cache them without limit."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from flask import Flask, Response, current_app

from clinic.web.authorization import public

LAYERS = ("reset", "tokens", "base", "layout", "components", "schedule", "print")
"""The layers of the style sheets in cascade order."""

PAGE_LAYERS = {"schedule"}
"""Layers that no page needs but those that load their own style sheets, below `css/pages/`, in the block `styles`."""

CACHEABLE = {"static", "styles"}
"""The endpoints whose responses a browser may cache."""

_FOLDER = Path(__file__).parent / "static"


def init_app(app: Flask) -> None:
    """Serve the common style sheets as one file, and register the template globals `static_url` and `styles_url`."""
    app.add_url_rule("/styles.css", "styles", _styles)
    app.jinja_env.globals.update(static_url=static_url, styles_url=styles_url)


def static_url(filename: str) -> str:
    """Return the URL of a static file with a hash of its content."""
    return f"{current_app.static_url_path}/{filename}?v={_hash_of_file(filename)}"


@cache
def styles_url() -> str:
    """Return the URL of the joined style sheets with a hash of their content."""
    return f"/styles.css?v={_hash_of(_joined())}"


@public
def _styles() -> Response:
    return Response(_joined(), mimetype="text/css", headers={"Cache-Control": "no-cache"})


@cache
def _joined() -> bytes:
    common = [layer for layer in LAYERS if layer not in PAGE_LAYERS]
    return b"\n".join((_FOLDER / "css" / f"{layer}.css").read_bytes() for layer in common)


@cache
def _hash_of_file(filename: str) -> str:
    return _hash_of((_FOLDER / filename).read_bytes())


def _hash_of(content: bytes) -> str:
    return sha256(content).hexdigest()[:12]
