"""Forms that were sent after their login session had ended: saved, and resumed at their own address."""

from uuid import UUID

from flask import flash, request

from clinic.identity.models import SavedForm
from clinic.identity.saved_forms import saved_form_service
from clinic.web.authentication import find_ended_session, find_session

HIDDEN_FIELDS = {"csrf_token", "key", "_clinic", "_kept", "version"}
"""Fields of forms that nobody types."""


def save_form() -> None:
    """Save the sent form for the person whose session has ended, and flash a message that it is saved.

    A button, whose form has nothing typed, is not saved.
    """
    ended = find_ended_session()
    if ended is None or ended.seen_as is not None or not set(request.form) - HIDDEN_FIELDS:
        return
    fields = request.form.items(multi=True)
    if saved_form_service.save(ended, request.path, fields, replaces=sent_saved_form_id()):
        flash("What you typed is saved: sign in to see it and to send it again", "kept")


def resumed_form() -> SavedForm | None:
    """Return the saved form that this request resumes, by `saved` in its query at the form's own address."""
    session = find_session() if "saved" in request.args else None
    saved = saved_form_service.find_latest(session) if session else None
    return saved if saved and saved.address == request.path else None


def sent_saved_form_id() -> UUID | None:
    """Return the id of the saved form that this request sends again, if it does."""
    try:
        return UUID(request.form.get("_kept", ""))
    except ValueError:
        return None
