"""What every page knows of the clinic it belongs to, and of the person who looks at it."""

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
from clinic.web.authentication import session_or_none
from clinic.web.authorization import signed_in

blueprint = Blueprint("staff", __name__, template_folder="../templates")

HOMES = ("patients.index", "appointments.index", "billing.index", "notifications.index", "staff.account")


@dataclass(frozen=True)
class ClinicChoice:
    """A clinic in which the person works."""

    id: UUID
    name: str
    current: bool


@dataclass(frozen=True)
class Me:
    """The person who looks at a page."""

    name: str
    email: str
    role_label: str
    seen_as: str | None
    shortcuts: bool
    clinics: Sequence[ClinicChoice]


@blueprint.app_context_processor
def name_the_clinic() -> dict[str, Any]:
    """Give every page the clinic in force, who looks at it and what they may do."""
    session = session_or_none()
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
@signed_in
def home() -> ResponseReturnValue:
    """Lead to the first place that the person may see."""
    return redirect(url_for(_first_open()))


def _first_open() -> str:
    needed = ("patients:read", "appointments:read", "invoices:read", "notifications:read")
    places = dict(zip(HOMES, needed, strict=False))
    return next(
        (place for place, permission in places.items() if current_actor().has_permission(permission)), HOMES[-1]
    )


def _me(session: Session) -> Me:
    choices = [
        ClinicChoice(clinic.id, clinic.name, clinic.id == session.clinic.id)
        for clinic in clinic_service.of_member(session.member.id)
    ]
    return Me(
        name=session.membership.name,
        email=session.member.email,
        role_label=session.role_label,
        seen_as=session.seen_as_label,
        shortcuts=session.member.shortcuts,
        clinics=choices,
    )
