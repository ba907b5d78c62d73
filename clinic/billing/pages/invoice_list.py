"""The page of all invoices: by standing and age with counts and sums, filters, order, and the export."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.appointments.service import practitioner_service
from clinic.billing.pages.blueprint import blueprint
from clinic.billing.pages.invoice_rows import invoice_rows
from clinic.billing.pages.standing_tabs import age_parts, money_text, standing_tabs
from clinic.billing.schemas.invoice_list import InvoiceQuery, StandingFilterSchema
from clinic.billing.service import NEWEST, SORTS, Tally, billing_service
from clinic.core.audit import record_listing
from clinic.core.context import current_actor
from clinic.web.authorization import requires
from clinic.web.csv_export import csv_lines, csv_response
from clinic.web.forms import Form
from clinic.web.list_views import next_url, parse_list_form, parse_list_query, previous_url, sort_urls

PAGE = 20
_KEPT = ("standing", "age", "sort", "patient_id", "appointment_id", "status")
"""What stays chosen when the form of the filters is sent: it stands elsewhere on the page, or leads to it."""


@blueprint.get("")
@requires("invoices:read")
def index() -> ResponseReturnValue:
    """List invoices, the newest first unless sorted otherwise, with what those of the filter come to."""
    form, filters, after = parse_list_form(InvoiceQuery(exclude=("limit",)))
    if form.errors:
        return _page(form, filters), 422
    summary = billing_service.summary(**filters)
    found = billing_service.list(**filters, limit=PAGE, after=after, whole=False)
    record_listing("invoices", (invoice.patient_id for invoice in found.rows))
    tally = summary.tally(filters.get("standing"), filters.get("age"))
    return _page(
        form,
        filters,
        found=found,
        rows=invoice_rows(found.rows, summary.day),
        tally=tally,
        sums=_sums(tally),
        tabs=standing_tabs(summary, filters),
        ages=age_parts(summary, filters),
        sort_urls=sort_urls(filters, SORTS, NEWEST),
        next_url=next_url(found, filters),
        previous_url=previous_url(found, filters),
        export_url=url_for(".export", **filters),
    )


@blueprint.get("/export")
@requires("invoices:read")
def export() -> Response:
    """Return the invoices of the filter as a CSV file, with their totals."""
    filters, _ = parse_list_query(StandingFilterSchema())
    return csv_response("invoices", csv_lines(billing_service.export_columns(), billing_service.export(**filters)))


def _page(form: Form, filters: Mapping[str, Any], **shown: Any) -> str:
    sees_visits = current_actor().has_permission("appointments:read")
    sought = filters.keys() - {"sort"}
    return render_template(
        "billing/index.html",
        form=form,
        filters=filters,
        is_filtered=bool(sought),
        is_narrowed=bool(sought - {"standing"}),
        kept={name: form.value(name) for name in _KEPT if form.value(name)},
        practitioners={one.id: one.name for one in practitioner_service.all()} if sees_visits else {},
        unbilled=billing_service.count_unbilled(filters.get("patient_id")),
        **shown,
    )


def _sums(tally: Tally) -> Sequence[tuple[str, str]]:
    return [
        ("Total", money_text(tally, "total")),
        ("Paid", money_text(tally, "paid")),
        ("To pay", money_text(tally, "due")),
    ]
