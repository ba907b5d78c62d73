"""The cards of messages on the pages of patients and appointments."""

from collections.abc import Sequence
from uuid import UUID

from clinic.billing.service import billing_service
from clinic.core.modules import Panel
from clinic.notifications.channels import CHANNELS
from clinic.notifications.kinds import KINDS
from clinic.notifications.log import message_log

MOST_SHOWN = 10


def panels_of(page: str, subject_id: UUID) -> Sequence[Panel]:
    """Return the card of the messages about an appointment, or the links to those to a patient."""
    if page == "appointments.show":
        messages = message_log.about(subject_id, limit=MOST_SHOWN)
        return (_card(messages, nothing="No messages about this appointment", about_id=subject_id, why="reminder"),)
    if page == "billing.show":
        return _invoice_card(subject_id)
    if page == "patients.show":
        nothing = "Each message is an entry of the history."
        return (_card((), nothing=nothing, patient_id=subject_id, why="welcome"),)
    return ()


def _invoice_card(invoice_id: UUID) -> Sequence[Panel]:
    """Return the card of the messages about an issued invoice, with the button that sends it; none for what is none."""
    invoice = billing_service.get(invoice_id)
    if invoice.is_draft or invoice.is_opening:
        return ()
    messages = message_log.about(invoice_id, limit=MOST_SHOWN)
    return (_card(messages, nothing="Not sent by email yet", about_id=invoice_id, why="invoice"),)


def _card(messages: Sequence[object], *, nothing: str, why: str, **filters: UUID) -> Panel:
    """Return a card: the messages, the filter of all of them, and the kind for which "why none" is explained."""
    context = {"messages": messages, "nothing": nothing, "filters": filters, "why": why, "kinds": KINDS}
    (about_id,) = filters.values()
    return Panel("notifications/panel.html", {**context, "about_id": about_id, "channels": CHANNELS}, "aside")
