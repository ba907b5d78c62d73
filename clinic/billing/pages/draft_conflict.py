"""Both versions of a draft that somebody else has changed."""

from collections.abc import Mapping

from clinic.billing.pages import archive
from clinic.billing.pages.draft_form import find_visit, values_of
from clinic.billing.pages.labels import tax_label
from clinic.billing.pages.payer_cards import PAYER_NAMES, payer_text, stored_payer
from clinic.billing.schemas.invoices import ROW_FIELDS, typed_lines
from clinic.billing.schemas.rows import Row, rows_as_text, rows_from_text
from clinic.billing.service import Invoice, payer_choices, tax_rate_service
from clinic.identity.clinics import clinic_service
from clinic.patients.service import patient_service
from clinic.web.edit_conflict import field_differences
from clinic.web.forms import Form
from clinic.web.template_filters import instant

LABELS = {
    "payer": "Who pays",
    "payer-name": "Name of the payer",
    "payer-address": "Address of the payer",
    "payer-tax_number": "Tax number of the payer",
    "appointment_id": "Visit",
    "lines": "Lines",
    "note": "Note on the invoice",
}


def draft_conflict_page(invoice: Invoice, form: Form) -> str:
    """Return both versions of a draft, to choose from field by field; what was typed is kept."""
    choices = payer_choices(patient_service.get(invoice.patient_id))
    taxes = {str(tax.id): tax_label(tax) for tax in tax_rate_service.all()}
    formatters = {
        "payer": lambda key: payer_text(key, choices),
        "appointment_id": _visit_text,
        "lines": lambda text: _lines_text(text, taxes),
    }
    theirs = _texts(values_of(invoice) | stored_payer(invoice, choices))
    mine = _texts(form.values)
    if not mine["payer"]:
        mine |= {name: theirs[name] for name in ("payer", *PAYER_NAMES)}
    differences = field_differences(LABELS, mine, theirs, formatters)
    return archive.conflict_page("billing/draft_conflict.html", invoice, differences, "invoices")


def _texts(values: Mapping[str, str]) -> Row:
    """Return the fields of a draft as the page of the conflict sends them: all lines are one field."""
    texts = {name: values.get(name, "") for name in LABELS}
    if texts["payer"] != "other":
        texts |= dict.fromkeys(PAYER_NAMES, "")
    return texts | {"lines": rows_as_text(typed_lines(values))}


def _visit_text(typed: str) -> str:
    visit = find_visit(typed)
    return instant(visit.starts_at, clinic_service.current().zone) if visit else ""


def _lines_text(text: str, taxes: Mapping[str, str]) -> str:
    """Return the lines in words."""
    return "; ".join(_line_text(row, taxes) for row in rows_from_text(text, ROW_FIELDS))


def _line_text(row: Row, taxes: Mapping[str, str]) -> str:
    parts = [f"{row['quantity']} × {row['description']}", row["unit_price"]]
    discount = f"less {row['discount']}" if row["discount"] else ""
    return ", ".join(part for part in [*parts, discount, taxes.get(row["tax_rate_id"], "")] if part)
