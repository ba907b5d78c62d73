"""What messages are about, in a few words, and the page of each: read for many messages at once."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from clinic.appointments.service import Appointment, appointment_service
from clinic.billing.service import billing_service
from clinic.notifications.kinds import KINDS
from clinic.notifications.models import Notification


@dataclass(frozen=True)
class About:
    """A record that messages are about: its page, and the appointment, or the number of the invoice."""

    subject: str
    endpoint: str
    argument: str
    permission: str
    appointment: Appointment | None = None
    number: str | None = None


def _patients(ids: Collection[UUID]) -> Mapping[UUID, About]:
    return dict.fromkeys(ids, About("patient", "patients.show", "patient_id", "patients:read"))


def _recalls(ids: Collection[UUID]) -> Mapping[UUID, About]:
    return dict.fromkeys(ids, About("recall", "patients.edit_recall", "recall_id", "patients:write"))


def _appointments(ids: Collection[UUID]) -> Mapping[UUID, About]:
    found = appointment_service.get_many(ids)
    page = ("appointment", "appointments.show", "appointment_id", "appointments:read")
    return {id_: About(*page, appointment=one) for id_, one in found.items()}


def _invoices(ids: Collection[UUID]) -> Mapping[UUID, About]:
    page = ("invoice", "billing.show", "invoice_id", "invoices:read")
    return {id_: About(*page, number=number) for id_, number in billing_service.numbers(ids).items()}


_READERS: Mapping[str, Callable[[Collection[UUID]], Mapping[UUID, About]]] = {
    "patient": _patients,
    "appointment": _appointments,
    "invoice": _invoices,
    "recall": _recalls,
}


def abouts_of(messages: Iterable[Notification]) -> Mapping[UUID, About]:
    """Return what each of some messages is about, by the id of that record, in one query for each type of record."""
    ids: dict[str, set[UUID]] = {}
    for message in messages:
        if message.kind in KINDS:
            ids.setdefault(KINDS[message.kind].about, set()).add(message.about_id)
    return {id_: about for subject, wanted in ids.items() for id_, about in _READERS[subject](wanted).items()}


def about_of(kind: str, about_id: UUID) -> About | None:
    """Return what a message of a kind about a record is about; None without such a record."""
    return _READERS[KINDS[kind].about]([about_id]).get(about_id)
