"""The HTML part of a mail: built here from a written message, everything of which is escaped."""

from flask import render_template

from clinic.notifications.writing.message_text import MessageText


def as_html(message: MessageText) -> str:
    """Return a message as an HTML page without images, scripts and foreign addresses."""
    rendered = render_template("notifications/mail/message.html", message=message)
    return "\n".join(line.strip() for line in rendered.splitlines() if line.strip()) + "\n"
