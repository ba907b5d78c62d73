"""The act of the contact card that uses another phone, email or address."""

from uuid import UUID

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from marshmallow import Schema

from clinic.core.context import current_actor
from clinic.core.errors import PermissionDenied, StaleVersion
from clinic.patients.contact_rules import CONTACT_KINDS
from clinic.patients.pages.blueprint import blueprint
from clinic.patients.pages.refused import refused_page
from clinic.patients.schemas.patient_fields import CONTACT
from clinic.patients.schemas.patient_lists import MOST_ROWS
from clinic.patients.service import InvalidPatient, patient_service
from clinic.web.authorization import requires
from clinic.web.fields import Choice, Count
from clinic.web.forms import load_form, posted_from, sent_version
from clinic.web.idempotency import idempotent
from clinic.web.toasts import flash_with_undo


class ContactRowForm(Schema):
    """The number of a row: messages with an undo are kept in the browser, so that they must not name a phone."""

    kind = Choice(*CONTACT_KINDS, required=True, what="phone, email or address")
    row = Count(least=0, most=MOST_ROWS - 1, required=True)
    version = Count(least=0, most=10**9 - 1)


@blueprint.route("/<uuid:patient_id>/use-contact", methods=["GET", "POST"])
@requires("patients:write")
@posted_from(".show", "patient_id")
@idempotent
def use_contact(patient_id: UUID) -> ResponseReturnValue:
    """Use another phone, email or address of a patient."""
    if not current_actor().has_permission(CONTACT):
        raise PermissionDenied(CONTACT)
    form = load_form(ContactRowForm())
    kind, row = form.data.get("kind", ""), form.data.get("row", 0)
    others = [one.value or "" for one in patient_service.get(patient_id).details_of(kind)]
    try:
        value = others[row] if row < len(others) else ""
        patient = patient_service.use_contact(patient_id, kind=kind, value=value, version=sent_version())
    except (InvalidPatient, StaleVersion) as error:
        return refused_page(patient_id, error)
    if len(patient.details_of(kind)) == len(others):
        url = url_for(".use_contact", patient_id=patient_id)
        flash_with_undo(f"Another {kind} is used now.", url, kind=kind, row=row, version=patient.version)
    else:
        flash(f"This {kind} is used now")
    return redirect(url_for(".show", patient_id=patient_id), 303)
