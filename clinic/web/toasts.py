"""Messages about what was just done, with a button that undoes it."""

import json
from dataclasses import asdict, dataclass

from flask import Flask, flash

CATEGORY = "undo"


@dataclass(frozen=True)
class UndoMessage:
    """A message, and the form whose button takes back what it reports: its address and its hidden fields."""

    text: str
    url: str
    fields: dict[str, str]


def init_app(app: Flask) -> None:
    """Register the template filter that reads a message with a button."""
    app.jinja_env.filters["undo_message"] = _read


def flash_with_undo(text: str, url: str, **fields: object) -> None:
    """Show a message on the next page, with a button that posts the fields to `url`.

    Messages are kept in the browser until that page, so the text names nobody: it says `{name}`, which the page
    replaces by its `toast_name`.
    """
    message = UndoMessage(text, url, {name: str(value) for name, value in fields.items()})
    flash(json.dumps(asdict(message)), CATEGORY)


def _read(message: str) -> UndoMessage:
    return UndoMessage(**json.loads(message))
