"""Pages of the staff: list, invitation, a member's role, permissions and access."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.audit.service import audit_service
from clinic.core.clock import now
from clinic.core.modules import panels_of
from clinic.core.tenancy import current_clinic_id
from clinic.identity.invitations import invitation_service
from clinic.identity.members import InvalidMember, LastAdministrator, MemberChanged, MemberDeactivated, member_service
from clinic.identity.models import LoginSession
from clinic.identity.roles import ROLES, permission_label, permission_labels, role_label
from clinic.identity.sessions import session_service
from clinic.identity.staff_directory import ClinicMember
from clinic.staff.pages.blueprint import blueprint
from clinic.staff.schemas import InvitationForm, MemberForm
from clinic.web.authorization import requires
from clinic.web.edit_conflict import field_differences
from clinic.web.forms import Form, initial_form, load_form, posted_from, refuse, sent_version
from clinic.web.idempotency import idempotent

ROLE_CHOICES = [(role.name, role.label) for role in ROLES.values()]
LABELS = {"name": "Name", "role": "Role", "denied": "Removed permissions"}


@blueprint.get("/staff")
@requires("staff:read")
def members() -> ResponseReturnValue:
    """List the staff of the clinic, and those who have no access any more."""
    staff = member_service.list()
    return render_template(
        "staff/members.html",
        active=_of_state(staff, active=True),
        deactivated=_of_state(staff, active=False),
        invited=invitation_service.open(),
        now=now(),
    )


@blueprint.get("/staff/invite")
@requires("staff:write")
def invite() -> ResponseReturnValue:
    """Show the form of an invitation."""
    return _invitation_page(initial_form({"role": "receptionist"}))


@blueprint.post("/staff/invite")
@requires("staff:write")
@idempotent
def create_member() -> ResponseReturnValue:
    """Invite somebody to the clinic."""
    form = load_form(InvitationForm())
    if form.errors:
        return _invitation_page(form), 422
    try:
        person = member_service.invite(**form.data)
    except InvalidMember as error:
        return refuse(_invitation_page(form.reject(error)), error)
    flash(f"{person.membership.name} is invited: a link to sign in is on its way")
    return redirect(url_for(".member", membership_id=person.membership.id), 303)


@blueprint.get("/staff/<uuid:membership_id>")
@requires("staff:read")
def member(membership_id: UUID) -> ResponseReturnValue:
    """Show a staff member, with the form of their name, role and permissions."""
    return _member_page(member_service.get(membership_id))


@blueprint.post("/staff/<uuid:membership_id>")
@requires("staff:write")
@idempotent
def update_member(membership_id: UUID) -> ResponseReturnValue:
    """Change a staff member with the values of the form."""
    person, form = member_service.get(membership_id), load_form(MemberForm())
    if form.errors:
        return _member_page(person, form), 422
    try:
        member_service.update(membership_id, version=sent_version(), **form.data)
    except (InvalidMember, LastAdministrator) as error:
        return refuse(_member_page(member_service.get(membership_id), form.reject(error)), error)
    except MemberChanged:
        return _conflict_page(member_service.get(membership_id), form), 409
    flash(f"Saved: {form.data['name']}")
    return redirect(url_for(".member", membership_id=membership_id), 303)


@blueprint.get("/staff/<uuid:membership_id>/deactivation")
@requires("staff:write")
def deactivation(membership_id: UUID) -> ResponseReturnValue:
    """Show what deactivating a staff member means, with the button that does it."""
    return _deactivation_page(member_service.get(membership_id), Form())


@blueprint.post("/staff/<uuid:membership_id>/deactivation")
@requires("staff:write")
@idempotent
def deactivate_member(membership_id: UUID) -> ResponseReturnValue:
    """End a staff member's access to the clinic."""
    try:
        place = member_service.deactivate(membership_id)
    except LastAdministrator as error:
        return refuse(_deactivation_page(member_service.get(membership_id), Form().reject(error)), error)
    flash(f"{place.name} is deactivated")
    return redirect(url_for(".members"), 303)


@blueprint.route("/staff/<uuid:membership_id>/reactivation", methods=["GET", "POST"])
@requires("staff:write")
@posted_from(".member", "membership_id")
@idempotent
def reactivate_member(membership_id: UUID) -> ResponseReturnValue:
    """Give a staff member access again."""
    try:
        place = member_service.reactivate(membership_id)
    except InvalidMember as error:
        person = member_service.get(membership_id)
        return refuse(_member_page(person, _member_form(person).reject(error)), error)
    flash(f"{place.name} is reactivated")
    return redirect(url_for(".member", membership_id=membership_id), 303)


@blueprint.route("/staff/<uuid:membership_id>/password-link", methods=["GET", "POST"])
@requires("staff:write")
@posted_from(".member", "membership_id")
@idempotent
def send_password_link(membership_id: UUID) -> ResponseReturnValue:
    """Send a staff member a link to set a password, or the invitation again."""
    person = member_service.get(membership_id)
    try:
        message = _send_link(person)
    except MemberDeactivated as error:
        return refuse(_member_page(person, _member_form(person).reject(error)), error)
    flash(message)
    return redirect(url_for(".member", membership_id=membership_id), 303)


@blueprint.route("/staff/<uuid:membership_id>/sessions-end", methods=["GET", "POST"])
@requires("staff:write")
@posted_from(".member", "membership_id")
@idempotent
def end_member_sessions(membership_id: UUID) -> ResponseReturnValue:
    """Sign a staff member out everywhere in this clinic."""
    count = member_service.end_sessions(membership_id)
    flash(f"{count} session{'' if count == 1 else 's'} ended")
    return redirect(url_for(".member", membership_id=membership_id), 303)


def _send_link(person: ClinicMember) -> str:
    """Send the link that a staff member needs; return the message that confirms it."""
    place = person.membership
    if place.active and _invited_until(person):
        invitation_service.send_again(person)
        return f"Another invitation to {place.name} is on its way"
    member_service.send_password_link(place.id)
    return f"A link to set a password is on its way to {place.name}"


def _of_state(staff: Iterable[ClinicMember], *, active: bool) -> list[ClinicMember]:
    return [person for person in staff if person.membership.active is active]


def _invitation_page(form: Form) -> str:
    return render_template("staff/invite.html", form=form, roles=ROLE_CHOICES)


def _member_page(person: ClinicMember, form: Form | None = None) -> str:
    return render_template(
        "staff/member.html",
        person=person,
        form=form or _member_form(person),
        sessions=_sessions(person),
        invited_until=_invited_until(person),
        now=now(),
        is_last=_is_last_administrator(person),
        roles=ROLE_CHOICES,
        permissions=permission_labels(),
        panels=panels_of("staff.member", person.membership.id),
    )


def _conflict_page(person: ClinicMember, form: Form) -> str:
    """Return both versions of a staff member whom somebody else has changed, to choose from field by field."""
    place, formatters = person.membership, {"role": role_label, "denied": _permissions_text}
    theirs = {"name": place.name, "role": place.role, "denied": place.denied}
    return render_template(
        "staff/member_conflict.html",
        person=person,
        fields=field_differences(LABELS, _texts(form.data), _texts(theirs), formatters),
        version=place.version,
        saved_at=place.updated_at,
        change=audit_service.last_change("memberships", place.id),
    )


def _deactivation_page(person: ClinicMember, form: Form) -> str:
    return render_template(
        "staff/deactivation.html",
        person=person,
        form=form,
        sessions=_sessions(person),
        is_last=_is_last_administrator(person),
        panels=panels_of("staff.deactivation", person.membership.id),
    )


def _sessions(person: ClinicMember) -> Sequence[LoginSession]:
    return session_service.list_open(person.member.id, clinic_id=current_clinic_id())


def _invited_until(person: ClinicMember) -> datetime | None:
    return invitation_service.open().get(person.member.id)


def _is_last_administrator(person: ClinicMember) -> bool:
    return person.is_administrator and len(member_service.administrators()) == 1


def _member_form(person: ClinicMember) -> Form:
    place = person.membership
    values = {"name": place.name, "role": place.role}
    return initial_form(values, ticked={"denied": place.denied}, version=place.version)


def _texts(data: Mapping[str, Any]) -> dict[str, str]:
    """Return a staff member's data with one text for each field, as a radio button sends it."""
    return {"name": data["name"], "role": data["role"], "denied": " ".join(sorted(data.get("denied", ())))}


def _permissions_text(permissions: str) -> str:
    return "; ".join(permission_label(name) or name for name in permissions.split()) or "None"
