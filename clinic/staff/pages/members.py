"""Who works in the clinic, in which role."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.core.errors import Conflict
from clinic.core.tenancy import current_clinic_id
from clinic.staff.pages.frame import blueprint
from clinic.staff.schemas import InvitationForm, MemberForm
from clinic.staff.service import (
    PERMISSIONS,
    ROLES,
    HasLeft,
    InvalidMember,
    LastAdministrator,
    MemberChanged,
    Worker,
    member_service,
    session_service,
)
from clinic.web.access import requires
from clinic.web.forms import Form, load_form, sent_version
from clinic.web.wording import Record, Typed, by_label, record_at, worded

ROLE_CHOICES = [(role.name, role.label) for role in ROLES.values()]
INVITATION_LABELS = {"email": "E-mail address", "name": "Name", "role": "Role"}
LABELS = {"name": "Name", "role": "Role", "denied": "Denied"}


def _this_member(_typed: Typed, membership_id: UUID) -> Record:
    name = member_service.get(membership_id).membership.name
    return record_at(name, "staff.member", membership_id=membership_id)


def _role_label(name: str) -> str:
    return ROLES[name].label if name in ROLES else name


AS_INVITED = by_label(INVITATION_LABELS, role=_role_label)
AS_CHANGED = by_label(LABELS, role=_role_label, denied=PERMISSIONS.get)


@blueprint.get("/staff")
@requires("staff:read")
def members() -> ResponseReturnValue:
    """List who works in the clinic, and who has left."""
    workers = member_service.list()
    return render_template("staff/members.html", present=_with(workers, True), left=_with(workers, False))


@blueprint.get("/staff/invite")
@requires("staff:write")
def invite() -> ResponseReturnValue:
    """Show the form of an invitation."""
    return _invitation(Form({"role": "receptionist"}))


@blueprint.post("/staff")
@requires("staff:write")
@worded("Invitation", AS_INVITED)
def create_member() -> ResponseReturnValue:
    """Invite somebody."""
    form = load_form(InvitationForm())
    if form.errors:
        return _invitation(form), 422
    worker = member_service.invite(**form.data)
    flash("Invited: a link to sign in is on its way")
    return redirect(url_for(".member", membership_id=worker.membership.id), 303)


@blueprint.get("/staff/<uuid:membership_id>")
@requires("staff:read")
def member(membership_id: UUID) -> ResponseReturnValue:
    """Show somebody, with the form of what they may do here."""
    return _person(member_service.get(membership_id))


@blueprint.post("/staff/<uuid:membership_id>")
@requires("staff:write")
@worded("Change", AS_CHANGED, about=("of", _this_member))
def update_member(membership_id: UUID) -> ResponseReturnValue:
    """Change somebody as the form says."""
    worker, form = member_service.get(membership_id), load_form(MemberForm())
    if form.errors:
        return _person(worker, form), 422
    member_service.update(membership_id, version=sent_version(), **form.data)
    flash("Saved")
    return redirect(url_for(".member", membership_id=membership_id), 303)


@blueprint.get("/staff/<uuid:membership_id>/deactivation")
@requires("staff:write")
def deactivation(membership_id: UUID) -> ResponseReturnValue:
    """Say what it means to end somebody's access, and ask whether it is meant."""
    return _farewell(member_service.get(membership_id), Form())


@blueprint.post("/staff/<uuid:membership_id>/deactivation")
@requires("staff:write")
@worded("End of access", about=("of", _this_member))
def deactivate_member(membership_id: UUID) -> ResponseReturnValue:
    """End somebody's access to the clinic."""
    member_service.deactivate(membership_id)
    flash("The access has ended")
    return redirect(url_for(".members"), 303)


@blueprint.post("/staff/<uuid:membership_id>/reactivation")
@requires("staff:write")
@worded("Renewal of access", about=("of", _this_member))
def reactivate_member(membership_id: UUID) -> ResponseReturnValue:
    """Let somebody in again."""
    member_service.reactivate(membership_id)
    flash("The access is back")
    return redirect(url_for(".member", membership_id=membership_id), 303)


@blueprint.post("/staff/<uuid:membership_id>/password-link")
@requires("staff:write")
@worded("Link to set a password", about=("for", _this_member))
def send_password_link(membership_id: UUID) -> ResponseReturnValue:
    """Write to somebody how to set a password."""
    member_service.ask_for_new_password(membership_id)
    flash("A link to set a password is on its way")
    return redirect(url_for(".member", membership_id=membership_id), 303)


@blueprint.post("/staff/<uuid:membership_id>/sessions-end")
@requires("staff:write")
@worded("End of all sessions", about=("of", _this_member))
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
@blueprint.errorhandler(HasLeft)
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
    """Show what was typed beside what somebody else has saved meanwhile."""
    worker = member_service.get(_asked_id() or UUID(int=0))
    mine, theirs = _said(load_form(MemberForm())), _said(_filled(worker))
    changed = [(label, theirs[label]) for label in theirs if mine[label] != theirs[label]]
    return _person(worker, load_form(MemberForm()), version=worker.membership.version, changed=changed), 409


def _sent_or_filled(worker: Worker) -> Form:
    return load_form(MemberForm()) if _sends_form() else _filled(worker)


def _sends_form() -> bool:
    return request.endpoint == "staff.update_member"


def _with(workers: Any, active: bool) -> list[Worker]:
    return [worker for worker in workers if worker.membership.active is active]


def _asked_id() -> UUID | None:
    return (request.view_args or {}).get("membership_id")


def _invitation(form: Form) -> str:
    return render_template("staff/invite.html", form=form, roles=ROLE_CHOICES)


def _person(worker: Worker, form: Form | None = None, **meanwhile: Any) -> str:
    shown = {
        "worker": worker,
        "form": form or _filled(worker),
        "version": sent_version() if _sends_form() else worker.membership.version,
        "changed": None,
        "sessions": _sessions(worker),
        "roles": ROLE_CHOICES,
        "permissions": PERMISSIONS,
    }
    return render_template("staff/member.html", **shown | meanwhile)


def _farewell(worker: Worker, form: Form) -> str:
    return render_template("staff/deactivation.html", worker=worker, form=form, sessions=_sessions(worker))


def _sessions(worker: Worker) -> Any:
    return session_service.alive_of(worker.member.id, in_clinic=current_clinic_id())


def _filled(worker: Worker) -> Form:
    membership = worker.membership
    values = {"name": membership.name, "role": membership.role}
    return Form(values, ticked={"denied": membership.denied})


def _said(form: Form) -> dict[str, str]:
    """Return what a form says of somebody, in plain words."""
    role = ROLES.get(form.value("role"))
    denied = [words for name, words in PERMISSIONS.items() if name in form.chosen("denied")]
    return {
        "Name": form.value("name").strip(),
        "Role": role.label if role else "",
        "Denied": "; ".join(denied) or "Nothing",
    }
