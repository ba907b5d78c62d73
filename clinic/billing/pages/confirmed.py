"""Pages that ask before an invoice is corrected: what is confirmed is what was shown."""

from uuid import UUID

from clinic.billing.payment_problems import check_version_as_shown
from clinic.billing.service import Invoice, InvoiceChanged, billing_service
from clinic.core.audit import record_view
from clinic.web.forms import Form, sent_version


def viewed_invoice(invoice_id: UUID) -> Invoice:
    """Return an invoice, and record the view in the audit trail."""
    invoice = billing_service.get(invoice_id)
    record_view("invoices", invoice.id, invoice.patient_id)
    return invoice


def note_change(form: Form, invoice: Invoice) -> Form:
    """Return a refused form that also says if its invoice was changed after it was shown: the page shows it anew."""
    try:
        check_version_as_shown(invoice, sent_version())
    except InvoiceChanged as error:
        form.reject(error)
    return form
