"""The page of an invoice: the document, the form to issue it or to take a payment, payments and history."""

from typing import Any
from uuid import UUID

from flask import render_template

from clinic.billing.issue_rules import day_text
from clinic.billing.pages.document import document_of, printed_visits
from clinic.billing.pages.draft_form import find_visit
from clinic.billing.pages.history import history_of
from clinic.billing.rules import CREDIT_REASONS, ISSUED
from clinic.billing.schemas.typed import typed_amount
from clinic.billing.service import Invoice, PartLinks, billing_service, chosen_payer, default_payer, payer_choices
from clinic.core.audit import record_view
from clinic.core.clock import today
from clinic.core.modules import panels_of
from clinic.core.money import Money
from clinic.identity.clinics import clinic_service
from clinic.patients.service import Patient, patient_service
from clinic.web.forms import Form


def invoice_page(invoice_id: UUID, form: Form, *, credit_form: Form | None = None, surplus: Money | None = None) -> str:
    """Return the page of an invoice, with the forms of a payment and of credit, or of issuing a draft.

    `surplus` is how much more than is due was to be paid.
    """
    invoice = billing_service.get_with_lines(invoice_id)
    record_view("invoices", invoice.id, invoice.patient_id)
    patient = patient_service.get(invoice.patient_id)
    shown = document_context(invoice, patient)
    balance, credit = (None, None) if invoice.is_draft else billing_service.account_of(patient.id)
    amount = typed_amount(invoice.due, clinic_service.current().locale)
    terms = shown["terms"]
    filled = {"issued_on": terms.day.isoformat()} if terms else {"amount": amount, "method": "card"}
    form.values = {**filled, **form.values}
    return render_template(
        "billing/show.html",
        **shown,
        form=form,
        panels=panels_of("billing.show", invoice.id),
        surplus=surplus,
        **_credit(invoice, credit, credit_form),
        write_offs=() if invoice.is_draft else billing_service.write_offs_of(invoice.id),
        credit_reasons=CREDIT_REASONS,
        overdue=_overdue(invoice),
        balance=balance,
        history=() if invoice.is_draft else history_of(invoice, patient),
    )


def _credit(invoice: Invoice, credit: Money | None, form: Form | None) -> dict[str, Any]:
    """Return the patient's credit that can pay an invoice, and the form to use it, with the most that is of use."""
    if credit is None or invoice.status != ISSUED:
        credit = Money(0, invoice.currency)
    usable = Money(min(credit.minor, invoice.due.minor), invoice.currency)
    proposed = typed_amount(usable, clinic_service.current().locale)
    return {"credit": credit, "credit_form": form or Form({"credit": proposed})}


def print_page(invoice_id: UUID) -> str:
    """Return the page that has only the document of an invoice."""
    invoice = billing_service.get(invoice_id)
    record_view("invoices", invoice.id, invoice.patient_id)
    return render_template("billing/print.html", **document_context(invoice, patient_service.get(invoice.patient_id)))


def document_context(invoice: Invoice, patient: Patient) -> dict[str, Any]:
    """Return what templates need to show an invoice as a document; a draft with the terms of issuing it now."""
    choices = payer_choices(patient) if invoice.is_draft else ()
    choice = chosen_payer(invoice, choices) if invoice.payer_kind else default_payer(choices)
    terms = billing_service.issue_terms(invoice, choices) if invoice.is_draft else None
    return {
        "invoice": invoice,
        "links": PartLinks(invoice.whole, invoice.parts),
        "patient": patient,
        "payer": choice,
        "terms": terms,
        "document": document_of(invoice, patient, terms),
        "visit": find_visit(str(invoice.appointment_id or "")) if not invoice.visits else None,
        "visits": printed_visits(invoice),
        "credit_notes": (
            billing_service.credit_notes_of(invoice.id, with_lines=False) if invoice.credited_minor else ()
        ),
        "today": today(clinic_service.current().zone),
    }


def _overdue(invoice: Invoice) -> str | None:
    """Return since when an invoice is overdue: `Due 31 Oct 2026, 12 days overdue`."""
    if invoice.status != ISSUED or invoice.due_on is None:
        return None
    late = (today(clinic_service.current().zone) - invoice.due_on).days
    if late <= 0:
        return None
    day = day_text(invoice.due_on).partition(" ")[2]
    return f"Due {day}, {late} {'day' if late == 1 else 'days'} overdue"
