"""The blueprint of the staff pages, the template context of every page, and the home page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from clinic.core.context import current_actor
from clinic.core.tenancy import current_clinic_id_or_none
from clinic.identity.clinics import clinic_service
from clinic.identity.sessions import Session
from clinic.web.authentication import find_session
from clinic.web.authorization import login_required
from clinic.web.navigation import navigation

blueprint = Blueprint("staff", __name__, template_folder="../templates")


@dataclass(frozen=True)
class ClinicChoice:
    """A clinic to which the person can switch."""

    id: UUID
    name: str
    current: bool


@dataclass(frozen=True)
class Me:
    """The signed-in person, as pages show them."""

    name: str
    email: str
    role_label: str
    seen_as: str | None
    shortcuts: bool
    clinics: Sequence[ClinicChoice]


@blueprint.app_context_processor
def add_person_and_clinic() -> dict[str, Any]:
    """Add the current clinic, the signed-in person and their permissions to every template context."""
    session = find_session()
    if session is None or current_clinic_id_or_none() is None:
        return {"clinic": None, "clinic_name": "clinic", "me": None, "has_permission": current_actor().has_permission}
    me = _me(session)
    return {
        "clinic": session.clinic,
        "clinic_name": session.clinic.name,
        "me": me,
        "has_permission": current_actor().has_permission,
        "shortcuts_off": not me.shortcuts,
        "session_end": session.end,
    }


@blueprint.get("/")
@login_required
def home() -> ResponseReturnValue:
    """Redirect to the first navigation entry that the person may open."""
    links = navigation()
    return redirect(links[0].url if links else url_for(".account"))


def _me(session: Session) -> Me:
    choices = [
        ClinicChoice(clinic.id, clinic.name, clinic.id == session.clinic.id)
        for clinic in clinic_service.list_of_member(session.member.id)
    ]
    return Me(
        name=session.membership.name,
        email=session.member.email,
        role_label=session.role_label,
        seen_as=session.seen_as_label,
        shortcuts=session.member.shortcuts,
        clinics=choices,
    )
