"""The form of a draft: its rows, what its buttons do, and the items that its lines name."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import render_template, request

from clinic.appointments.service import Appointment, AppointmentNotFound, appointment_service, service_catalogue
from clinic.billing.pages.labels import tax_label
from clinic.billing.pages.payer_cards import PAYER_NAMES, with_payers
from clinic.billing.rules import MOST_LINES
from clinic.billing.schemas.invoices import ROW_FIELDS, typed_lines
from clinic.billing.schemas.rows import Row, row_values, typed_rows, without_rows
from clinic.billing.schemas.typed import typed_amount
from clinic.billing.service import Invoice, InvoiceLine, billing_settings_service, price_list, tax_rate_service
from clinic.core.audit import record_view
from clinic.core.clock import today
from clinic.core.context import current_actor
from clinic.identity.clinics import clinic_service
from clinic.patients.service import Patient, PatientNotFound, patient_service
from clinic.web.fields import quantity_text
from clinic.web.forms import Form

ROWS = 3
EMPTY = dict.fromkeys(ROW_FIELDS, "") | {"quantity": "1"}


def draft_page(form: Form, *, invoice: Invoice | None = None, more: int = 0, candidates: Sequence[Patient] = ()) -> str:
    """Return the form of a new draft or of a stored one: the rows that were typed first, then empty ones."""
    count = _set_rows(form, more)
    patient = _patient_of(form, invoice)
    items = price_list.active()
    return render_template(
        "billing/draft.html",
        form=form,
        record=invoice,
        patient=patient,
        **with_payers(form, patient, invoice),
        candidates=candidates,
        visit=find_visit(form.value("appointment_id")),
        count=count,
        most=MOST_LINES,
        items=_priced(items),
        taxes=_taxes(invoice),
        terms=invoice or billing_settings_service.current(),
    )


def buttons_pressed() -> bool:
    """Return whether a button was pressed that only changes the rows of the form."""
    return bool({"more", "add", "remove"} & request.form.keys())


def change_rows(form: Form) -> Form:
    """Carry out the button that changes the rows; nothing is checked."""
    form.errors = {}
    rows = typed_rows(form.values, "lines", ROW_FIELDS)
    removed, added = request.form.get("remove", ""), request.form.get("item", "").strip()
    if removed.isdecimal() and removed.isascii() and int(removed) < len(rows):
        del rows[int(removed)]
    if "add" in request.form and added:
        rows = [*_filled(rows), _row_of_item(added)]
    form.values = without_rows(form.values, "lines") | row_values("lines", rows)
    return form


def name_items(form: Form) -> None:
    """Replace the description of each line that names an item of the price list by that item."""
    found = price_list.match(line["description"] for line in form.data["lines"])
    for line in form.data["lines"]:
        if line["description"] in found:
            item, description = found[line["description"]]
            line |= {"item_id": item.id, "description": description}


def values_of(invoice: Invoice) -> dict[str, str]:
    """Return a stored draft as its form shows it."""
    locale = clinic_service.current().locale
    rows = [_row_of_line(line, locale) for line in invoice.lines]
    plain = {"appointment_id": str(invoice.appointment_id or ""), "note": invoice.note or ""}
    return plain | row_values("lines", rows)


def values_of_visit(visit: Appointment) -> dict[str, str]:
    """Return the form of an invoice for a visit: the items of its service, or its name."""
    plain = {"patient": str(visit.patient_id), "appointment_id": str(visit.id)}
    return plain | row_values("lines", rows_of_visit(visit))


def rows_of_visit(visit: Appointment) -> list[Row]:
    """Return the rows of a visit: the items of its service, each with today's price, or the name of the service."""
    if visit.service_id is None:
        return []
    items = price_list.of_services([visit.service_id]).get(visit.service_id, ())
    if not items:
        return [EMPTY | {"description": service_catalogue.get(visit.service_id).name}]
    return [_row_of_item(f"{item.code} {item.label}") for item in items]


def find_visit(typed: str) -> Appointment | None:
    """Return the appointment of an id, if there is one and the actor may see it."""
    if not current_actor().has_permission("appointments:read"):
        return None
    try:
        appointment = appointment_service.get(UUID(typed))
    except (AppointmentNotFound, ValueError):
        return None
    record_view("appointments", appointment.id, appointment.patient_id)
    return appointment


def _set_rows(form: Form, more: int) -> int:
    """Give a form its rows, the filled ones first; return how many there are."""
    typed = typed_lines(form.values)
    sent = sum(name.endswith("-description") for name in form.values)
    count = max(len(typed), min(max(sent, ROWS) + more, MOST_LINES))
    rows = row_values("lines", [*typed, *[EMPTY] * (count - len(typed))])
    plain = ["patient", "appointment_id", "payer", *PAYER_NAMES, "note"]
    form.values = {name: form.value(name) for name in plain} | rows
    form.order = ["patient", "appointment_id", "payer", *PAYER_NAMES, "lines", *rows, "note"]
    form.places = {name: f"Line {int(name.split('-')[1]) + 1}" for name in rows}
    return count


def _filled(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["description"].strip() or row["unit_price"].strip()]


def _patient_of(form: Form, invoice: Invoice | None) -> Patient | None:
    """Return the patient of a draft, or of a typed number or id: the form shows who it is."""
    try:
        typed = form.value("patient").strip()
        patient = patient_service.get(invoice.patient_id) if invoice else patient_service.identify(typed)
    except PatientNotFound:
        return None
    if invoice is None:
        record_view("patients", patient.id, patient.id)
    return patient


def _row_of_item(text: str) -> Row:
    """Return a row that names an item, with its price of today."""
    clinic = clinic_service.current()
    found = price_list.match([text]).get(text)
    price = found[0].price_on(today(clinic.zone)) if found else None
    description = f"{found[0].code} {found[1] or found[0].label}" if found else text
    return EMPTY | {"description": description, "unit_price": typed_amount(price, clinic.locale) if price else ""}


def _row_of_line(line: InvoiceLine, locale: str) -> Row:
    percent, amount = line.discount_percent, line.discount
    discount = f"{quantity_text(percent)} %" if percent else typed_amount(amount, locale) if amount else ""
    return {
        "description": f"{line.code} {line.description}" if line.code else line.description,
        "quantity": quantity_text(line.quantity),
        "unit_price": typed_amount(line.unit_price, locale),
        "discount": discount,
        "tax_rate_id": str(line.tax_rate_id or ""),
    }


def _priced(items: Sequence[Any]) -> list[tuple[str, str]]:
    """Return the price list as suggestions: the text that names an item, and its price of today."""
    clinic = clinic_service.current()
    day = today(clinic.zone)
    priced = [(item, item.price_on(day)) for item in items]
    return [(f"{item.code} {item.label}", price.format(clinic.locale) if price else "") for item, price in priced]


def _taxes(invoice: Invoice | None) -> list[tuple[str, str]]:
    """Return the taxes to choose from: the active ones, and those that the draft has already."""
    kept = {line.tax_rate_id for line in invoice.lines} if invoice else set()
    every = tax_rate_service.all()
    return [(str(tax.id), tax_label(tax)) for tax in every if tax.active or tax.id in kept]
