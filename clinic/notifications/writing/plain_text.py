"""The text part of a mail: lines of at most 72 characters, except addresses of pages (RFC 3676, section 4.2)."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from clinic.notifications.writing.message_text import MessageText, Part, Row

WIDTH = 72
SIGNATURE = "-- "
"""The line above the footer (RFC 3676, section 4.3)."""


def as_plain_text(message: MessageText) -> str:
    """Return a message as plain text."""
    parts = [_part(part) for part in message.parts]
    parts += [[*_wrapped(f"{button.label}:"), button.url] for button in message.buttons]
    parts.append(_wrapped(message.questions))
    body = "\n\n".join("\n".join(lines) for lines in parts if lines)
    return f"{body}\n\n{SIGNATURE}\n" + "\n".join(_footer(message)) + "\n"


def _part(part: Part) -> list[str]:
    if part.rows:
        return list(_block(part.rows))
    return [line for one in part.lines for line in _wrapped(one)]


def _block(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of a block: indented, the values below each other."""
    column = max(len(row.label) for row in rows) + 4
    for row in rows:
        label = f"  {row.label}"
        for line in row.lines:
            for wrapped in _wrapped(line, WIDTH - column):
                yield label.ljust(column) + wrapped
                label = ""


def _footer(message: MessageText) -> Iterator[str]:
    sender = message.sender
    yield from _wrapped(", ".join(filter(None, (sender.name, sender.address_line))))
    yield from _wrapped(message.private)
    if message.stop:
        yield from _wrapped(f"{message.stop.label}:")
        yield message.stop.url


def _wrapped(line: str, width: int = WIDTH) -> list[str]:
    return wrap(line, width, break_long_words=False, break_on_hyphens=False)
