"""Saving the form of a request whose login session has ended."""

from uuid import UUID

from flask import flash, request

from clinic.identity.saved_forms import saved_form_service
from clinic.web.authentication import find_ended_session


def save_form() -> None:
    """Save the sent form for the person whose session has ended, and flash a message that it is saved."""
    ended = find_ended_session()
    if ended is None or ended.seen_as is not None:
        return
    fields = request.form.items(multi=True)
    if saved_form_service.save(ended, request.path, fields, replaces=sent_saved_form_id()):
        flash("What you typed is kept: sign in to see it and to send it again", "kept")


def sent_saved_form_id() -> UUID | None:
    """Return the id of the saved form that this request sends again, if it does."""
    try:
        return UUID(request.form.get("_kept", ""))
    except ValueError:
        return None
