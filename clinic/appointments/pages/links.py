"""The link between a staff member and the practitioner who is the same person, made from the staff member's page."""

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.appointments.pages.blueprint import blueprint
from clinic.appointments.schemas.resources import LinkForm
from clinic.appointments.service import MemberLinked, Practitioner, PractitionerNotFound, practitioner_service
from clinic.core.context import current_actor
from clinic.core.errors import InvalidInput, PermissionDenied
from clinic.identity.members import member_service
from clinic.identity.staff_directory import ClinicMember
from clinic.web.authorization import requires
from clinic.web.forms import Form, initial_form, load_form, refuse
from clinic.web.idempotency import idempotent


@blueprint.get("/practitioners/link/<uuid:membership_id>")
@requires("schedule:write")
def link_member(membership_id: UUID) -> ResponseReturnValue:
    """Show the form that links a staff member to a practitioner."""
    return _link_page(_member(membership_id), initial_form())


@blueprint.post("/practitioners/link/<uuid:membership_id>")
@requires("schedule:write")
@idempotent
def create_link(membership_id: UUID) -> ResponseReturnValue:
    """Link a staff member to a practitioner, or to a new one of the same name."""
    person, form = _member(membership_id), load_form(LinkForm())
    if form.errors:
        return _link_page(person, form), 422
    try:
        practitioner = _link(person, form.data["practitioner_id"])
    except (InvalidInput, MemberLinked, PractitionerNotFound) as error:
        return refuse(_link_page(person, form.reject(error, "practitioner_id")), error)
    flash(f"{person.membership.name} starts with the day of {practitioner.name} from now on")
    return redirect(url_for("staff.member", membership_id=membership_id), 303)


def _link(person: ClinicMember, practitioner_id: UUID | None) -> Practitioner:
    if practitioner_id is None:
        return practitioner_service.create(name=person.membership.name, member_id=person.member.id)
    return practitioner_service.update(practitioner_id, version=None, member_id=person.member.id)


def _member(membership_id: UUID) -> ClinicMember:
    if not current_actor().has_permission("staff:read"):
        raise PermissionDenied("staff:read")
    return member_service.get(membership_id)


def _link_page(person: ClinicMember, form: Form) -> str:
    unlinked = practitioner_service.unlinked()
    return render_template("appointments/link.html", person=person, form=form, unlinked=unlinked)
