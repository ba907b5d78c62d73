"""Pages of practitioners: list, form, deactivation, and the link to a staff member."""

from collections.abc import Mapping
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.appointments.pages.blueprint import blueprint
from clinic.appointments.pages.resources import conflict_page, deactivation_page, list_context, texts
from clinic.appointments.schemas.resources import PractitionerSchema
from clinic.appointments.service import MemberLinked, Practitioner, practitioner_service
from clinic.core.context import current_actor
from clinic.core.errors import InvalidInput, StaleVersion
from clinic.identity.members import member_service
from clinic.identity.models import Membership
from clinic.web.authorization import requires
from clinic.web.edit_conflict import field_differences
from clinic.web.forms import Form, initial_form, load_form, posted_from, refuse, sent_version
from clinic.web.idempotency import idempotent

LABELS = {"name": "Name", "speciality": "Speciality", "member_id": "Staff member"}


@blueprint.get("/practitioners")
@requires("schedule:write")
def practitioners() -> ResponseReturnValue:
    """List the practitioners."""
    return render_template(
        "appointments/practitioners.html", members=_members(), **list_context(practitioner_service.all())
    )


@blueprint.get("/practitioners/new")
@requires("schedule:write")
def new_practitioner() -> ResponseReturnValue:
    """Show the form of a new practitioner."""
    return _practitioner_page(initial_form())


@blueprint.post("/practitioners/new")
@requires("schedule:write")
@idempotent
def create_practitioner() -> ResponseReturnValue:
    """Add a practitioner from the form."""
    form = load_form(PractitionerSchema())
    if form.errors:
        return _practitioner_page(form), 422
    try:
        practitioner = practitioner_service.create(**form.data)
    except (InvalidInput, MemberLinked) as error:
        return refuse(_practitioner_page(form.reject(error, "member_id")), error)
    flash(f"Added: {practitioner.name}")
    return redirect(url_for(".practitioners"), 303)


@blueprint.get("/practitioners/<uuid:practitioner_id>/edit")
@requires("schedule:write")
def edit_practitioner(practitioner_id: UUID) -> ResponseReturnValue:
    """Show the form of a practitioner."""
    practitioner = practitioner_service.get(practitioner_id)
    return _practitioner_page(initial_form(_form_values(practitioner), version=practitioner.version), practitioner)


@blueprint.post("/practitioners/<uuid:practitioner_id>/edit")
@requires("schedule:write")
@idempotent
def update_practitioner(practitioner_id: UUID) -> ResponseReturnValue:
    """Change a practitioner as the form says."""
    practitioner, form = practitioner_service.get(practitioner_id), load_form(PractitionerSchema())
    if form.errors:
        return _practitioner_page(form, practitioner), 422
    try:
        practitioner_service.update(practitioner_id, version=sent_version(), **form.data)
    except (InvalidInput, MemberLinked) as error:
        return refuse(_practitioner_page(form.reject(error, "member_id"), practitioner), error)
    except StaleVersion:
        return _conflict_page(practitioner_service.get(practitioner_id), form), 409
    flash(f"Saved: {form.data['name']}")
    return redirect(url_for(".practitioners"), 303)


@blueprint.get("/practitioners/<uuid:practitioner_id>/deactivation")
@requires("schedule:write")
def practitioner_deactivation(practitioner_id: UUID) -> ResponseReturnValue:
    """Show what deactivating a practitioner means, and what is still booked with them."""
    return _deactivation_page(practitioner_service.get(practitioner_id))


@blueprint.post("/practitioners/<uuid:practitioner_id>/deactivation")
@requires("schedule:write")
@idempotent
def deactivate_practitioner(practitioner_id: UUID) -> ResponseReturnValue:
    """Deactivate a practitioner."""
    try:
        practitioner = practitioner_service.deactivate(practitioner_id, version=sent_version())
    except StaleVersion as error:
        found = practitioner_service.get(practitioner_id)
        return _deactivation_page(found, Form(version=found.version).reject(error)), 409
    flash(f"{practitioner.name} is deactivated")
    return redirect(url_for(".practitioners"), 303)


@blueprint.route("/practitioners/<uuid:practitioner_id>/reactivation", methods=["GET", "POST"])
@requires("schedule:write")
@posted_from(".edit_practitioner", "practitioner_id")
@idempotent
def reactivate_practitioner(practitioner_id: UUID) -> ResponseReturnValue:
    """Make a practitioner bookable again."""
    practitioner = practitioner_service.reactivate(practitioner_id)
    flash(f"{practitioner.name} is active again")
    return redirect(url_for(".practitioners"), 303)


def _practitioner_page(form: Form, practitioner: Practitioner | None = None) -> str:
    return render_template(
        "appointments/practitioner.html",
        form=form,
        record=practitioner,
        members=_member_choices(practitioner),
        upcoming=practitioner and practitioner_service.upcoming(practitioner.id, limit=0),
    )


def _deactivation_page(practitioner: Practitioner, form: Form | None = None) -> str:
    upcoming = practitioner_service.upcoming(practitioner.id)
    return deactivation_page("appointments/practitioner_deactivation.html", practitioner, upcoming, form)


def _conflict_page(practitioner: Practitioner, form: Form) -> str:
    """Return both versions of a practitioner whom somebody else has changed."""
    labels = {name: label for name, label in LABELS.items() if name in form.data}
    names = {str(member_id): one.name for member_id, one in (_members() or {}).items()}
    formatters = {"member_id": lambda member_id: names.get(member_id, "")}
    mine, theirs = texts(form.data, labels), texts(_form_values(practitioner), labels)
    differences = field_differences(labels, mine, theirs, formatters)
    return conflict_page("appointments/practitioner_conflict.html", practitioner, differences, "practitioners")


def _form_values(practitioner: Practitioner) -> dict[str, str]:
    return texts({name: getattr(practitioner, name) for name in LABELS}, LABELS)


def _members() -> Mapping[UUID, Membership] | None:
    """Return the staff by the id of their account, None to those who may not see the staff."""
    if not current_actor().has_permission("staff:read"):
        return None
    return {one.member.id: one.membership for one in member_service.list()}


def _member_choices(practitioner: Practitioner | None) -> list[tuple[str, str]] | None:
    """Return the active staff members, and the one who is linked; None to those who may not see the staff."""
    members, linked = _members(), practitioner and practitioner.member_id
    if members is None:
        return None
    return [(str(member_id), one.name) for member_id, one in members.items() if one.active or member_id == linked]
