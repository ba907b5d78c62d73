"""What a message is about, as far as it may be written in it: no reason, no specialty and no lines of an invoice."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clinic.appointments.service import Appointment, practitioner_service
from clinic.billing.service import Invoice
from clinic.core.clock import now
from clinic.core.money import Money
from clinic.core.phone_numbers import written_phone
from clinic.identity.clinics import clinic_service
from clinic.identity.models import Clinic
from clinic.notifications.subjects import MessageSubject
from clinic.notifications.writing.dates import lives_abroad
from clinic.patients.service import Patient, Recipient


@dataclass(frozen=True)
class Sender:
    """The clinic as its messages show it."""

    name: str
    country: str | None
    language: str
    address: tuple[str, ...] = ()
    phone: str | None = None
    email: str | None = None

    @property
    def address_line(self) -> str:
        """The address on one line."""
        return ", ".join(self.address)

    @property
    def written_phone(self) -> str:
        """The phone in groups of digits, between which no line is broken; empty without one."""
        return written_phone(self.phone).replace(" ", "\u00a0") if self.phone else ""


@dataclass(frozen=True)
class Reader:
    """Who reads a message: the patient, or the guardian, who learns the patient's given name only.

    `name` is that of the greeting, `first_name` that of the patient.
    """

    name: str
    first_name: str
    language: str | None = None
    is_guardian: bool = False
    abroad: bool = False


@dataclass(frozen=True)
class Visit:
    """An appointment; until `answer_by` it can be cancelled in time, which is None once that has passed."""

    starts_at: datetime
    minutes: int
    zone: str
    practitioner: str
    answer_by: datetime | None = None


@dataclass(frozen=True)
class Payment:
    """What an invoice comes to, what is left to pay of it, until when, and the account of the clinic for transfers."""

    number: str
    issued_on: date
    total: Money
    due: Money
    due_on: date | None = None
    payee: str = ""
    iban: str | None = None
    bic: str | None = None


@dataclass(frozen=True)
class Facts:
    """What a message of a kind can say."""

    kind: str
    sender: Sender
    reader: Reader
    patient_number: str = ""
    visit: Visit | None = None
    payment: Payment | None = None


def facts_of(subject: MessageSubject, recipient: Recipient) -> Facts:
    """Return what a message says to its recipient."""
    clinic, patient, about = clinic_service.current(), subject.patient, subject.kind.about
    return Facts(
        subject.kind.name,
        sender_of(clinic),
        _payer(recipient) if subject.is_to_other_payer else _reader(patient, recipient, clinic),
        patient_number=patient.mrn,
        visit=_visit(subject.appointment, clinic) if about == "appointment" else None,
        payment=_payment(subject.invoice) if about == "invoice" else None,
    )


def sender_of(clinic: Clinic) -> Sender:
    """Return how messages show a clinic."""
    lines = tuple(line.strip() for line in (clinic.address or "").splitlines() if line.strip())
    return Sender(clinic.name, clinic.country, clinic.language, lines, clinic.phone, clinic.email)


def _reader(patient: Patient, recipient: Recipient, clinic: Clinic) -> Reader:
    first_name = patient.preferred_name or patient.given_name or patient.calling_name
    given_name = patient.given_name or patient.calling_name
    return Reader(
        given_name if recipient.is_guardian else recipient.name,
        given_name if recipient.is_guardian else first_name,
        recipient.language,
        recipient.is_guardian,
        lives_abroad(patient.address, clinic.country),
    )


def _payer(recipient: Recipient) -> Reader:
    """Return the reader of a message to a payer, which says nothing of the patient."""
    return Reader(recipient.name, recipient.name, recipient.language)


def _visit(appointment: Appointment, clinic: Clinic) -> Visit:
    notice = timedelta(hours=clinic.late_cancel_hours)
    answer_by = appointment.starts_at - notice if notice else None
    return Visit(
        appointment.starts_at,
        appointment.minutes,
        appointment.zone,
        practitioner_service.get(appointment.practitioner_id).name,
        answer_by if answer_by and answer_by > now() else None,
    )


def _payment(invoice: Invoice) -> Payment | None:
    if invoice.number is None or invoice.issued_on is None:
        return None
    seller = (invoice.particulars or {}).get("seller") or {}
    return Payment(
        invoice.number,
        invoice.issued_on,
        invoice.total,
        invoice.due,
        invoice.due_on,
        seller.get("name") or clinic_service.current().name,
        seller.get("iban"),
        seller.get("bic"),
    )
