"""Who works in the clinic, in which role."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.audit.service import audit_service
from clinic.core.clock import now
from clinic.core.errors import Conflict
from clinic.core.tenancy import current_clinic_id
from clinic.identity.invitations import invitation_service
from clinic.identity.members import InvalidMember, LastAdministrator, MemberChanged, MemberDeactivated, member_service
from clinic.identity.roles import ROLES, permission_label, permission_labels, role_label
from clinic.identity.sessions import session_service
from clinic.identity.staff_directory import ClinicMember
from clinic.staff.pages.blueprint import blueprint
from clinic.staff.schemas import InvitationForm, MemberForm
from clinic.web.authorization import requires
from clinic.web.edit_conflict import field_differences
from clinic.web.form_summary import Record, Typed, form_summary, labelled_rows, record_at
from clinic.web.forms import Form, load_form, sent_version

ROLE_CHOICES = [(role.name, role.label) for role in ROLES.values()]
INVITATION_LABELS = {"email": "E-mail address", "name": "Name", "role": "Role"}
LABELS = {"name": "Name", "role": "Role", "denied": "Denied to this person"}


def _this_member(_typed: Typed, membership_id: UUID) -> Record:
    name = member_service.get(membership_id).membership.name
    return record_at(name, "staff.member", membership_id=membership_id)


AS_INVITED = labelled_rows(INVITATION_LABELS, role=role_label)
AS_CHANGED = labelled_rows(LABELS, role=role_label, denied=permission_label)


@blueprint.get("/staff")
@requires("staff:read")
def members() -> ResponseReturnValue:
    """List who works in the clinic, and who has left."""
    workers = member_service.list()
    lists = {"present": _with(workers, True), "left": _with(workers, False)}
    return render_template("staff/members.html", **lists, invited=invitation_service.open(), now=now())


@blueprint.get("/staff/invite")
@requires("staff:write")
def invite() -> ResponseReturnValue:
    """Show the form of an invitation."""
    return _invitation(Form({"role": "receptionist"}))


@blueprint.post("/staff")
@requires("staff:write")
@form_summary("Invitation", AS_INVITED)
def create_member() -> ResponseReturnValue:
    """Invite somebody."""
    form = load_form(InvitationForm())
    if form.errors:
        return _invitation(form), 422
    worker = member_service.invite(**form.data)
    flash(f"{worker.membership.name} is invited: a link to sign in is on its way")
    return redirect(url_for(".member", membership_id=worker.membership.id), 303)


@blueprint.get("/staff/<uuid:membership_id>")
@requires("staff:read")
def member(membership_id: UUID) -> ResponseReturnValue:
    """Show somebody, with the form of what they may do here."""
    return _person(member_service.get(membership_id))


@blueprint.post("/staff/<uuid:membership_id>")
@requires("staff:write")
@form_summary("Change", AS_CHANGED, about=("of", _this_member))
def update_member(membership_id: UUID) -> ResponseReturnValue:
    """Change somebody as the form says."""
    worker, form = member_service.get(membership_id), load_form(MemberForm())
    if form.errors:
        return _person(worker, form), 422
    member_service.update(membership_id, version=sent_version(), **form.data)
    flash(f"Saved: {form.data['name']}")
    return redirect(url_for(".member", membership_id=membership_id), 303)


@blueprint.get("/staff/<uuid:membership_id>/deactivation")
@requires("staff:write")
def deactivation(membership_id: UUID) -> ResponseReturnValue:
    """Say what it means to end somebody's access, and ask whether it is meant."""
    return _farewell(member_service.get(membership_id), Form())


@blueprint.post("/staff/<uuid:membership_id>/deactivation")
@requires("staff:write")
@form_summary("End of access", about=("of", _this_member))
def deactivate_member(membership_id: UUID) -> ResponseReturnValue:
    """End somebody's access to the clinic."""
    place = member_service.deactivate(membership_id)
    flash(f"The access of {place.name} has ended")
    return redirect(url_for(".members"), 303)


@blueprint.post("/staff/<uuid:membership_id>/reactivation")
@requires("staff:write")
@form_summary("Renewal of access", about=("of", _this_member))
def reactivate_member(membership_id: UUID) -> ResponseReturnValue:
    """Let somebody in again."""
    place = member_service.reactivate(membership_id)
    flash(f"{place.name} is let in again")
    return redirect(url_for(".member", membership_id=membership_id), 303)


@blueprint.post("/staff/<uuid:membership_id>/password-link")
@requires("staff:write")
@form_summary("Link to set a password", about=("for", _this_member))
def send_password_link(membership_id: UUID) -> ResponseReturnValue:
    """Write to somebody how to set a password, or once more that they are invited."""
    worker = member_service.get(membership_id)
    if worker.membership.active and _invited_until(worker):
        invitation_service.send_again(worker)
        flash(f"Another invitation to {worker.membership.name} is on its way")
    else:
        member_service.send_password_link(membership_id)
        flash(f"A link to set a password is on its way to {worker.membership.name}")
    return redirect(url_for(".member", membership_id=membership_id), 303)


@blueprint.post("/staff/<uuid:membership_id>/sessions-end")
@requires("staff:write")
@form_summary("End of all sessions", about=("of", _this_member))
def end_member_sessions(membership_id: UUID) -> ResponseReturnValue:
    """Sign somebody out everywhere in this clinic."""
    count = member_service.end_sessions(membership_id)
    flash(f"{count} session{'' if count == 1 else 's'} ended")
    return redirect(url_for(".member", membership_id=membership_id), 303)


@blueprint.errorhandler(InvalidMember)
def ask_about_member_again(error: InvalidMember) -> ResponseReturnValue:
    """Show the form that was sent again, to mend it."""
    if (membership_id := _asked_id()) is None:
        return _invitation(load_form(InvitationForm()).reject(error)), 422
    worker = member_service.get(membership_id)
    return _person(worker, _sent_or_filled(worker).reject(error)), 422


@blueprint.errorhandler(LastAdministrator)
@blueprint.errorhandler(MemberDeactivated)
def say_why_not(error: Conflict) -> ResponseReturnValue:
    """Show the page from where it was tried again, with why it can't be done."""
    worker = member_service.get(_asked_id() or UUID(int=0))
    if request.endpoint == "staff.deactivate_member":
        return _farewell(worker, Form(errors={"": [error.message]})), 409
    form = _sent_or_filled(worker)
    form.errors = {"": [error.message]}
    return _person(worker, form), 409


@blueprint.errorhandler(MemberChanged)
def compare_members(_error: MemberChanged) -> ResponseReturnValue:
    """Show both versions of somebody whom somebody else has changed, to choose from field by field."""
    worker = member_service.get(_asked_id() or UUID(int=0))
    place, mine = worker.membership, load_form(MemberForm()).data
    theirs = {"name": place.name, "role": place.role, "denied": place.denied}
    shown = {
        "fields": field_differences(
            LABELS, _sent_as(mine), _sent_as(theirs), {"role": role_label, "denied": _in_words}
        ),
        "version": place.version,
        "saved_at": place.updated_at,
        "change": audit_service.last_change("memberships", place.id),
    }
    return render_template("staff/member_conflict.html", worker=worker, **shown), 409


def _sent_or_filled(worker: ClinicMember) -> Form:
    return load_form(MemberForm()) if _sends_form() else _filled(worker)


def _sends_form() -> bool:
    return request.endpoint == "staff.update_member"


def _with(workers: Any, active: bool) -> list[ClinicMember]:
    return [worker for worker in workers if worker.membership.active is active]


def _asked_id() -> UUID | None:
    return (request.view_args or {}).get("membership_id")


def _invitation(form: Form) -> str:
    return render_template("staff/invite.html", form=form, roles=ROLE_CHOICES)


def _person(worker: ClinicMember, form: Form | None = None) -> str:
    shown = {
        "worker": worker,
        "form": form or _filled(worker),
        "version": sent_version() if _sends_form() else worker.membership.version,
        "sessions": _sessions(worker),
        "invited_until": _invited_until(worker),
        "now": now(),
        "is_last": _is_last_administrator(worker),
        "roles": ROLE_CHOICES,
        "permissions": permission_labels(),
    }
    return render_template("staff/member.html", **shown)


def _farewell(worker: ClinicMember, form: Form) -> str:
    shown = {"sessions": _sessions(worker), "is_last": _is_last_administrator(worker)}
    return render_template("staff/deactivation.html", worker=worker, form=form, **shown)


def _sessions(worker: ClinicMember) -> Any:
    return session_service.list_open(worker.member.id, in_clinic=current_clinic_id())


def _invited_until(worker: ClinicMember) -> datetime | None:
    return invitation_service.open().get(worker.member.id)


def _is_last_administrator(worker: ClinicMember) -> bool:
    return worker.is_administrator and len(member_service.administrators()) == 1


def _filled(worker: ClinicMember) -> Form:
    membership = worker.membership
    values = {"name": membership.name, "role": membership.role}
    return Form(values, ticked={"denied": membership.denied})


def _sent_as(said: Mapping[str, Any]) -> dict[str, str]:
    """Return what is said of somebody as one radio button for each field sends it."""
    return {"name": said["name"], "role": said["role"], "denied": " ".join(sorted(said.get("denied", ())))}


def _in_words(permissions: str) -> str:
    return "; ".join(permission_label(name) or name for name in permissions.split()) or "Nothing"
