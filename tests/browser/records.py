"""What the clinic of the browser tests has: people of many languages, a filled day, invoices, messages."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

from flask import current_app

from clinic.appointments.service import (
    Practitioner,
    Room,
    Service,
    appointment_service,
    room_service,
    service_catalogue,
)
from clinic.billing.service import CreditedLine, Invoice, LineFields, billing_service
from clinic.core.clock import at_wall_time, today
from clinic.core.money import Money
from clinic.core.tenancy import clinic_scope
from clinic.core.text import fold
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.api_keys import api_key_service
from clinic.identity.members import member_service
from clinic.identity.models import Clinic, Membership
from clinic.identity.passwords import hash_password
from clinic.identity.totp import new_totp_secret
from clinic.operations.demo_data import NAMES
from clinic.patients.service import Patient, note_service, patient_service, recall_service, related_person_service
from tests.browser.messages import send_messages
from tests.builders import a_clinic, a_member, a_patient, a_practitioner, an_appointment

ZONE = "Europe/Lisbon"
PRACTITIONERS = ("Dr Amara Okafor", "Dr Lukas Brandt", "Sofia Marin")
ADMINISTRATOR, READER, CAREFUL = "admin@example.org", "reader@example.org", "careful@example.org"
TRAVELLER, NEWCOMER = "traveller@example.org", "newcomer@example.org"
"""Who has signed in, who may only read, who has a second step, who works in two clinics, and who in an empty one."""

PASSWORD = "seven green herons wade"
LONGEST_NAME = "W" * 200
LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff-Großmann de Vasconcelos"


@dataclass(frozen=True)
class Records:
    """Where the records are that tests look at, and what must never stand in a title."""

    day: date
    names: frozenset[str]
    patient: str
    patient_number: str
    note: str
    person: str
    recall: str
    changed_patient: str
    practitioner: str
    room: str
    service: str
    appointment: str
    cancelled_appointment: str
    taken_time: str
    draft: str
    open_invoice: str
    part_paid_invoice: str
    paid_invoice: str
    corrected_invoice: str
    credit_note: str
    write_off: str
    opening_balance: str
    refund: str
    payment: str
    member: str
    long_member: str
    other_clinic: str
    key: str
    secret: str
    messages: Mapping[str, str]


def fill() -> Records:
    """Set up a clinic with everything that its pages can show, around a day in a week."""
    current_app.config["MESSAGE_DELAY_SECONDS"] = 0
    an_empty_clinic("Lakeside Clinic", NEWCOMER)
    clinic = an_empty_clinic()
    with clinic_scope(clinic.id):
        _employ(clinic, "read-only", READER)
        _employ(clinic, "receptionist", CAREFUL, totp_on=True, totp_secret=new_totp_secret())
        with unit_of_work():
            patients = list(_people())
            practitioners = [a_practitioner(name) for name in PRACTITIONERS]
        day = today(ZONE) + timedelta(days=7)
        appointments = list(_book(day, patients, practitioners))
        appointment_service.cancel(appointments[-1], reason="patient", note="Has a cold")
        _change_often(patients[1])
        invoices = _invoices(patients)
        messages = send_messages(day + timedelta(days=1), ZONE, patients[12:], practitioners[2])
        return Records(
            messages=messages,
            day=day,
            names=frozenset(_words(patients)),
            patient=str(patients[0].id),
            patient_number=patients[0].mrn,
            note=str(note_service.create(patients[0].id, text="Step-free entrance only", kind="alert").id),
            person=str(related_person_service.create(patients[0].id, name=LONG_NAME, roles=["contact"]).id),
            recall=str(recall_service.create(patients[0].id, due_on=day, reason="Check-up").id),
            changed_patient=str(patients[1].id),
            practitioner=str(practitioners[0].id),
            room=str(_rooms()[0].id),
            service=str(_services(practitioners)[0].id),
            appointment=str(appointments[0]),
            cancelled_appointment=str(appointments[-1]),
            taken_time="9:00",
            draft=str(invoices[0].id),
            open_invoice=str(invoices[1].id),
            part_paid_invoice=str(invoices[2].id),
            paid_invoice=str(invoices[3].id),
            **_corrections(patients[-1], invoices[3]),
            member=str(member_service.get_by_email(READER).membership.id),
            long_member=str(_with_the_longest_name().id),
            other_clinic=str(_another_clinic().id),
            key=str(api_key_service.create(label="Laboratory", scopes=["patients:read", "appointments:read"])[0].id),
            secret=api_key_service.create(label="Website", scopes=["all"])[1],
        )


def _change_often(patient: Patient) -> None:
    """Change a patient so often that the timeline has older entries than it shows."""
    for number in range(22):
        patient_service.update(patient.id, version=None, pronouns=f"number {number}")


def an_empty_clinic(name: str = "Harbour Clinic", administrator: str = ADMINISTRATOR) -> Clinic:
    """Set up a clinic in which only its administrator works."""
    clinic = a_clinic(name=name, zone=ZONE, locale="en_GB")
    _employ(clinic, "administrator", administrator)
    return clinic


def _employ(clinic: Clinic, role: str, email: str, **fields: Any) -> None:
    """Let somebody work in a clinic who signs in with the password of all tests."""
    a_member(clinic.id, role, email=email, password_hash=hash_password(PASSWORD), **fields)


def _with_the_longest_name() -> Membership:
    """Invite somebody whose name and address are as long as they may be, and give no line where to break."""
    email = f"{'w' * 64}@{'w' * 60}.{'w' * 60}.example.org"
    return member_service.invite(email=email, name=LONGEST_NAME, role="manager").membership


def _another_clinic() -> Clinic:
    """Set up another clinic, with as long a name as there is, in which somebody of this one works as well."""
    clinic = a_clinic(name=LONGEST_NAME, zone=ZONE, locale="en_GB")
    _employ(clinic, "administrator", TRAVELLER)
    member_service.invite(email=TRAVELLER, name="Tilda Traveller", role="administrator")
    return clinic


def _rooms() -> Sequence[Room]:
    """Add a room, one with three places, and one that is inactive."""
    rooms = [
        room_service.create(name=name, places=places) for name, places in (("Room 1", 1), ("Gym", 3), ("Cellar", 1))
    ]
    room_service.deactivate(rooms[2].id)
    return rooms


def _services(practitioners: Sequence[Practitioner]) -> Sequence[Service]:
    """Add a service with everything that one can have, one with nothing of it, and one that is retired."""
    rooms = [room.id for room in room_service.active()]
    full = service_catalogue.create(
        name="Mole check with dermatoscopy",
        short_name="Moles",
        lengths=[30, 45, 60],
        buffer_before=5,
        buffer_after=10,
        notice_minutes=120,
        horizon_days=180,
        colour="violet",
        practitioner_ids=[one.id for one in practitioners[:2]],
        room_ids=rooms,
    )
    plain, retired = (service_catalogue.create(name=name, lengths=[15]) for name in ("Vaccination", "Cupping"))
    service_catalogue.deactivate(retired.id)
    return [full, plain, retired]


FULL_RECORD: Any = {
    "former_names": [{"given_name": "Maria", "family_name": "Antunes", "until": "2019-06", "reason": "Marriage"}],
    "other_phones": [
        {"value": "+351213456789", "use": "work", "valid_from": date(2026, 1, 1)},
        {"value": "+351912555099", "use": "old", "valid_until": date(2025, 12, 31)},
    ],
    "other_addresses": [{"value": "Praça da República 2\n4050-498 Porto", "use": "billing"}],
    "identifiers": [{"type": "pt-nif", "value": "501442600"}, {"type": "insurer", "value": "AB 12", "issuer": "Médis"}],
}


def _people() -> Iterator[Patient]:
    """Register two or three people of each language, and one with as long a name as some have."""
    for number, (language, women, men, families) in enumerate(NAMES):
        for offset, given in enumerate([*women.split()[:2], *men.split()[: number % 2]]):
            yield a_patient(
                given_name=given.replace("·", " "),
                family_name=families.split()[offset],
                birth_date=f"{1940 + number * 5}-0{offset + 1}-1{offset}",
                sex="male" if offset == 2 else "female",
                phone=f"+35191255{number:02d}{offset:02d}" if offset else None,
                email=f"{language}.{offset}@example.org" if offset != 1 else None,
                language=language,
                address="Rua das Flores 18\n4050-262 Porto",
                **(FULL_RECORD if number == offset == 0 else {}),
            )
    yield a_patient(given_name="Maximiliana", family_name=LONG_NAME, email=f"{fold(LONG_NAME)[:40]}@example.org")


def _book(day: date, patients: Sequence[Patient], practitioners: Sequence[Practitioner]) -> Iterator[UUID]:
    """Book a dozen appointments on the day, four with each practitioner, from nine."""
    for number, patient in enumerate([*patients[:11], patients[-1]]):
        starts_at = at_wall_time(datetime(day.year, day.month, day.day, 9 + number // 3), ZONE)
        yield an_appointment(patient, practitioners[number % 3], starts_at).id


def _invoices(patients: Sequence[Patient]) -> Sequence[Invoice]:
    """Write a draft, an open, a part paid and a paid invoice, for the first patient and more of them for others."""
    drafts = [_draft(patient) for patient in [*[patients[0]] * 4, *patients[2:12], patients[-1]]]
    for number, invoice in enumerate(drafts[1:], start=1):
        billing_service.issue(invoice.id)
        if number % 4 > 1:
            amount = invoice.total if number % 4 == 3 else Money(2000, "EUR")
            billing_service.record_payment(invoice.id, amount=amount, method="card", reference="TX 4711")
    return drafts


def _corrections(patient: Patient, paid: Invoice) -> dict[str, str]:
    """Correct an invoice in every way; return it, its credit note and its write-off, and the payment of another one."""
    invoice = billing_service.issue(_draft(patient).id)
    payment = billing_service.record_payment(
        invoice.id, amount=Money(12000, "EUR"), method="cash", tendered=Money(15000, "EUR"), keep_credit=True
    )
    lines = [CreditedLine(invoice.lines[1].id, Fraction(1, 2))]
    note = billing_service.credit_invoice(invoice.id, reason="not-given", note="It ended after an hour.", lines=lines)
    refund = billing_service.refund_payment(payment.id, amount=Money(4000, "EUR"), method="cash", reason="goodwill")
    billing_service.write_off(invoice.id, reason="Moved away")
    used = str(billing_service.get(paid.id).payments[0].id)
    opening = billing_service.enter_opening_balance(
        patient.id, side="owed", amount=Money(2500, "EUR"), reference="List"
    )
    found = {"corrected_invoice": invoice.id, "credit_note": note.id, "opening_balance": opening.id, "payment": used}
    found |= {"refund": refund.id, "write_off": billing_service.write_offs_of(invoice.id)[0].id}
    return {name: str(value) for name, value in found.items()}


def _draft(patient: Patient) -> Invoice:
    wanted = [("Consultation, general practice", "1", 5000), ("Physiotherapy, by the hour", "1.5", 4250)]
    lines = [
        LineFields(description=what, quantity=Fraction(quantity), unit_price=Money(minor, "EUR"))
        for what, quantity, minor in wanted
    ]
    return billing_service.create(patient_id=patient.id, lines=lines)


def _words(patients: Sequence[Patient]) -> Iterator[str]:
    for patient in patients:
        yield from fold(f"{patient.given_name} {patient.family_name}").split()
