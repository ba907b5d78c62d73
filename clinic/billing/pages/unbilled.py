"""The page of visits that are not billed yet."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.appointments.service import practitioner_service, service_catalogue
from clinic.billing.pages.blueprint import blueprint
from clinic.billing.schemas.unbilled import UnbilledQuery, VisitsSchema
from clinic.billing.service import billing_service
from clinic.core.audit import record_listing
from clinic.core.errors import Conflict, InvalidInput
from clinic.patients.service import PatientArchived, patient_service
from clinic.web.authorization import requires
from clinic.web.forms import Form, initial_form, load_form, refuse
from clinic.web.idempotency import idempotent
from clinic.web.list_views import next_url, parse_list_query

PAGE = 20


@blueprint.get("/unbilled")
@requires("invoices:write")
def unbilled() -> ResponseReturnValue:
    """List the visits that are not billed yet, the latest first."""
    return _unbilled_page(initial_form())


@blueprint.post("/unbilled")
@requires("invoices:write")
@idempotent
def bill_visits() -> ResponseReturnValue:
    """Make one draft for the ticked visits of a patient."""
    form = load_form(VisitsSchema())
    if form.errors:
        return _unbilled_page(form), 422
    try:
        invoice = billing_service.create_for_visits(**form.data)
    except (InvalidInput, Conflict, PatientArchived) as error:
        return refuse(_unbilled_page(form.reject(error, "appointment_ids")), error)
    flash("Saved as a draft")
    return redirect(url_for(".show", invoice_id=invoice.id), 303)


def _unbilled_page(form: Form) -> str:
    filters, after = parse_list_query(UnbilledQuery())
    found = billing_service.unbilled(**filters, limit=PAGE, after=after)
    visits = [one.appointment for one in found.rows]
    record_listing("appointments", (visit.patient_id for visit in visits))
    return render_template(
        "billing/unbilled.html",
        form=form,
        found=found,
        filters=filters,
        wanted=Form({name: str(value) for name, value in filters.items()}),
        patients=patient_service.get_many(visit.patient_id for visit in visits),
        services={one.id: one.name for one in service_catalogue.all()},
        practitioners={one.id: one.name for one in practitioner_service.all()},
        next_url=next_url(found, filters),
    )
