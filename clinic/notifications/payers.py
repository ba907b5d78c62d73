"""To whom the messages about an invoice go: to who pays it, as on record now."""

from uuid import UUID

from clinic.billing.service import Invoice, PayerChoice, billing_service, chosen_payer, payer_choices
from clinic.notifications.kinds import TO_PAYER
from clinic.notifications.models import Notification
from clinic.patients.service import Patient, Recipient, recipient_of

PATIENT = "patient"


def is_to_other_payer(notification: Notification) -> bool:
    """Return whether a message is for somebody else than the patient or the guardian: the other payer of an invoice."""
    return notification.kind in TO_PAYER and has_other_payer(billing_service.get(notification.about_id))


def has_other_payer(invoice: Invoice) -> bool:
    """Return whether somebody else than the patient was chosen to pay."""
    return invoice.payer is not None and invoice.payer["kind"] != PATIENT


def payer_recipient(invoice: Invoice, patient: Patient) -> Recipient | None:
    """Return who gets the messages about an invoice; without email for a firm, and for a person who has died.

    A patient who pays gets them like all others: the guardian of a minor does, None for one without a guardian.
    """
    if not has_other_payer(invoice):
        return recipient_of(patient)
    choice = _choice(invoice, patient)
    if choice is None or choice.relation is None:
        return Recipient(_name_of(invoice), None, None)
    relation = choice.relation
    language = (relation.other and relation.other.language) or patient.language
    return Recipient(relation.calling_name, None if relation.is_deceased else relation.email, language)


def consenting_patient(invoice: Invoice, patient: Patient) -> UUID:
    """Return whose consent counts: that of a payer who is a patient too, otherwise the one on the patient's record."""
    choice = _choice(invoice, patient) if has_other_payer(invoice) else None
    other = choice.relation.other if choice and choice.relation else None
    return other.id if other else patient.id


def _choice(invoice: Invoice, patient: Patient) -> PayerChoice | None:
    return chosen_payer(invoice, payer_choices(patient))


def _name_of(invoice: Invoice) -> str:
    payer = (invoice.particulars or {}).get("payer") or {}
    names = (payer.get("name"), payer.get("given_name"), payer.get("family_name"))
    return payer.get("name") or " ".join(one for one in names if one)
