"""Pages of contact persons, guardians and payers of a patient."""

from collections.abc import Callable
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.audit.service import audit_service
from clinic.core.audit import record_listing, record_view
from clinic.core.errors import ClinicError, InvalidInput, StaleVersion
from clinic.patients.pages.blueprint import blueprint
from clinic.patients.pages.refused import refused_page
from clinic.patients.related_rules import ROLES
from clinic.patients.schemas.related_persons import RelatedPersonForm
from clinic.patients.service import (
    RelatedPerson,
    RelatedPersonEnded,
    patient_service,
    related_person_service,
)
from clinic.web.authorization import requires
from clinic.web.edit_conflict import field_differences
from clinic.web.forms import Form, initial_form, load_form, posted_from, refuse, sent_version
from clinic.web.idempotency import idempotent
from clinic.web.toasts import flash_with_undo

LABELS = {
    "other": "Other patient",
    "name": "Name",
    "relationship": "Relationship",
    "phone": "Phone",
    "email": "Email",
    "roles": "What for",
}


@blueprint.get("/<uuid:patient_id>/related")
@requires("patients:read")
def related(patient_id: UUID) -> ResponseReturnValue:
    """List who is related to a patient, with the form of another person."""
    return _related_page(patient_id, initial_form())


@blueprint.post("/<uuid:patient_id>/related")
@requires("patients:write")
@idempotent
def create_related(patient_id: UUID) -> ResponseReturnValue:
    """Add a related person from the form."""
    form = load_form(RelatedPersonForm())
    if form.errors:
        return _related_page(patient_id, form), 422
    try:
        related_person_service.create(patient_id, **form.data)
    except InvalidInput as error:
        return refuse(_related_page(patient_id, form.reject(_at_text(error))), error)
    flash("Added")
    return redirect(url_for(".related", patient_id=patient_id), 303)


@blueprint.get("/related/<uuid:person_id>/edit")
@requires("patients:write")
def edit_related(person_id: UUID) -> ResponseReturnValue:
    """Show the form of a related person."""
    person = related_person_service.get(person_id)
    form = initial_form(_form_values(person), ticked={"roles": person.roles}, version=person.version)
    return _person_page(person, form)


@blueprint.post("/related/<uuid:person_id>/edit")
@requires("patients:write")
@idempotent
def update_related(person_id: UUID) -> ResponseReturnValue:
    """Change a related person as the form says."""
    person, form = related_person_service.get(person_id), load_form(RelatedPersonForm())
    if form.errors:
        return _person_page(person, form), 422
    try:
        related_person_service.update(person_id, version=sent_version(), **form.data)
    except (InvalidInput, RelatedPersonEnded) as error:
        return refuse(_person_page(related_person_service.get(person_id), form.reject(_at_text(error))), error)
    except StaleVersion:
        return _conflict_page(related_person_service.get(person_id), form), 409
    flash("Saved")
    return redirect(url_for(".related", patient_id=person.patient_id), 303)


@blueprint.route("/related/<uuid:person_id>/end", methods=["GET", "POST"])
@requires("patients:write")
@posted_from(".edit_related", "person_id")
@idempotent
def end_related(person_id: UUID) -> ResponseReturnValue:
    """End that a person is related to a patient."""
    return _change(person_id, related_person_service.end, "Ended.", ".restore_related")


@blueprint.route("/related/<uuid:person_id>/restore", methods=["GET", "POST"])
@requires("patients:write")
@posted_from(".edit_related", "person_id")
@idempotent
def restore_related(person_id: UUID) -> ResponseReturnValue:
    """Take back that a related person was ended."""
    return _change(person_id, related_person_service.restore, "Related again.", ".end_related")


def _change(person_id: UUID, change: Callable[..., RelatedPerson], text: str, undo: str) -> ResponseReturnValue:
    """End or restore a related person, and offer to undo that."""
    try:
        person = change(person_id, version=sent_version())
    except StaleVersion as error:
        return refused_page(related_person_service.get(person_id).patient_id, error)
    flash_with_undo(text, url_for(undo, person_id=person_id), version=person.version)
    return redirect(url_for(".related", patient_id=person.patient_id), 303)


def _at_text(error: ClinicError) -> ClinicError:
    """Return the same error with that of the other patient at the field of the form."""
    if not isinstance(error, InvalidInput):
        return error
    problems = {"other" if name == "other_id" else name: texts for name, texts in error.problems.items()}
    return InvalidInput(error.message, problems=problems)


def _related_page(patient_id: UUID, form: Form) -> str:
    patient = patient_service.get(patient_id)
    relations = related_person_service.relations(patient_id)
    record_listing("patients", {patient.id, *(one.other.id for one in relations if one.other)})
    former = [one for one in related_person_service.list(patient_id, ended=True) if one.ended_at]
    return render_template(
        "patients/related.html",
        patient=patient,
        form=form,
        relations=relations,
        former=former,
        others=patient_service.get_many(one.other_id for one in former if one.other_id),
        roles=ROLES,
    )


def _person_page(person: RelatedPerson, form: Form) -> str:
    record_view("related_persons", person.id, person.patient_id)
    patient = patient_service.get(person.patient_id)
    return render_template("patients/related_person.html", patient=patient, person=person, form=form, roles=ROLES)


def _conflict_page(person: RelatedPerson, form: Form) -> str:
    """Return both versions of a related person whom somebody else has changed, to choose from field by field."""
    record_view("related_persons", person.id, person.patient_id)
    mine = {name: form.value(name) for name in LABELS} | {"roles": " ".join(form.chosen("roles"))}
    theirs = _form_values(person) | {"roles": " ".join(person.roles)}
    shown = {name: label for name, label in LABELS.items() if name in theirs}
    return render_template(
        "patients/related_conflict.html",
        person=person,
        fields=field_differences(shown, mine, theirs, {"roles": _role_texts}),
        version=person.version,
        saved_at=person.updated_at,
        change=audit_service.last_change("related_persons", person.id),
    )


def _role_texts(roles: str) -> str:
    return ", ".join(ROLES[role] for role in roles.split() if role in ROLES)


def _form_values(person: RelatedPerson) -> dict[str, str]:
    """Return the values of the form; of the other patient the number."""
    other = patient_service.numbers([person.other_id])[person.other_id] if person.other_id else ""
    shown = RelatedPersonForm().dump(person)
    return {"other": other} | {name: shown[name] or "" for name in LABELS if name in shown and name != "roles"}
