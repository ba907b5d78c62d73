"""Invoices of every standing and age for tests of lists, and what a list of them has to be."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import text

from clinic.appointments.service import Appointment
from clinic.billing.service import Invoice, billing_service, billing_settings_service
from clinic.core.clock import today
from clinic.core.db import db
from clinic.identity.clinics import clinic_service
from tests.billing.corrections import credited, paid
from tests.billing.invoices import a_line, euros
from tests.builders import MONDAY, a_practitioner, an_appointment, somebody

STATES = ("draft", "open", "open", "part", "paid", "credited", "partly credited", "off", "reversed")
AGES = (0, 1, 30, 31, 60, 61, 90, 91)
DAYS_TO_PAY = 40


@dataclass(frozen=True)
class Books:
    """The patients with their names, the practitioners, the visits with theirs, and the invoices by age."""

    patients: Mapping[UUID, tuple[str, str | None]]
    practitioners: Sequence[UUID]
    visits: Mapping[UUID, UUID]
    invoices: Sequence[UUID]


def today_here() -> date:
    """Return the day of the clinic."""
    return today(clinic_service.current().zone)


def some_books() -> Books:
    """Make 45 random invoices, of every standing, and overdue around the limits of each age, for `store_once`."""
    draw = Random(16)
    billing_settings_service.update(version=None, payment_days=DAYS_TO_PAY)
    names = (("Pereira", "Inês"), ("Müller", "Anke"), ("50% Off_Ltd", None))
    patients = [somebody(family_name=family, given_name=given) for family, given in names]
    practitioners = [a_practitioner(), a_practitioner("Lukas Brandt")]
    visits = [
        an_appointment(patient, practitioner, MONDAY + timedelta(hours=at, days=number))
        for number, patient in enumerate(patients)
        for at, practitioner in enumerate(practitioners)
    ]
    days = sorted((draw.choice(AGES) + draw.choice((-40, 0, 0, 0)) for _ in range(45)), reverse=True)
    made = [_an_invoice(draw, patients, visits, late) for late in days]
    return Books(
        {one.id: (one.family_name or "", one.given_name) for one in patients},
        [one.id for one in practitioners],
        {one.id: one.practitioner_id for one in visits},
        made,
    )


def _an_invoice(draw: Random, patients: Sequence[Any], visits: Sequence[Appointment], late: int) -> UUID:
    """Make an invoice that is due some days ago."""
    at = draw.randrange(len(patients))
    visit = draw.choice([None, *(one for one in visits if one.patient_id == patients[at].id)])
    cents = draw.choice((100, 4999, 5000, 5000, 12345))
    line: Any = a_line(cents) | ({"appointment_id": visit.id} if visit and draw.random() < 0.5 else {})
    payer: Any = {"payer": {"kind": "other", "name": "Médis Seguros"}} if draw.random() < 0.3 else {}
    of_visit: Any = {"appointment_id": visit.id} if visit and draw.random() < 0.5 else {}
    draft = billing_service.create(patient_id=patients[at].id, lines=[line], **of_visit, **payer)
    state = draw.choice(STATES)
    if state != "draft":
        _issue(draft, late)
        _settle(draw, billing_service.get(draft.id), state, cents)
    return draft.id


def _issue(draft: Invoice, late: int) -> None:
    """Issue a draft that was due some days ago."""
    issued_on = today_here() - timedelta(days=late + DAYS_TO_PAY)
    billing_service.issue(draft.id, issued_on=issued_on, confirm_date=True)


def _settle(draw: Random, invoice: Invoice, state: str, cents: int) -> None:
    method: Any = {"method": draw.choice(("card", "cash", "transfer"))}
    if state == "part":
        billing_service.record_payment(invoice.id, amount=euros(cents // 2), **method)
    elif state == "paid":
        billing_service.record_payment(invoice.id, amount=euros(cents), **method)
    elif state == "credited":
        credited(invoice)
    elif state == "partly credited":
        billing_service.record_payment(invoice.id, amount=euros(cents // 2), **method)
        billing_service.write_off(invoice.id, reason="Little")
    elif state == "off":
        billing_service.write_off(invoice.id, reason="Moved away")
    elif state == "reversed":
        billing_service.reverse_payment(paid(invoice, cents // 2).id, reason="Typing error")


def change_currency(currency: str) -> None:
    """Change the clinic's currency behind its back: an installation may have done so."""
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE clinics SET currency = :currency"), {"currency": currency})
    db.session.remove()


class Oracle:
    """What lists and summaries of the books have to be, computed one invoice after the other."""

    def __init__(self, books: Books) -> None:
        self.names, self.visits = books.patients, books.visits
        self.day = today_here()
        self.invoices = [billing_service.get(one) for one in books.invoices]

    def standings(self, invoice: Invoice) -> set[str]:
        """Return the standings under which an invoice is listed."""
        if invoice.status == "draft":
            return {"draft"}
        if invoice.due.minor:
            late = invoice.due_on is not None and invoice.due_on < self.day
            return {"open"} | ({"part-paid"} if invoice.paid.minor else set()) | ({"overdue"} if late else set())
        if invoice.written_off.minor:
            return {"written-off"}
        return {"credited" if invoice.credited.minor and not invoice.paid.minor else "paid"}

    def age(self, invoice: Invoice) -> str | None:
        """Return the age of an open invoice, None of another one."""
        if "open" not in self.standings(invoice):
            return None
        days = (self.day - invoice.due_on).days if invoice.due_on else 0
        limits = {"not-due": 0, "1-30": 30, "31-60": 60, "61-90": 90}
        return next((age for age, limit in limits.items() if days <= limit), "over-90")

    def matches(self, invoice: Invoice, filters: dict[str, Any]) -> bool:
        """Return whether an invoice matches every filter."""
        practitioners = {self.visits[one] for one in _visits_of(invoice)}
        methods = {use.payment.method for use in invoice.allocations if use.used.minor}
        issued = invoice.issued_on
        tests: dict[str, Any] = {
            "standing": lambda value: value in self.standings(invoice),
            "age": lambda value: value == self.age(invoice),
            "status": lambda value: value == invoice.status,
            "patient_id": lambda value: value == invoice.patient_id,
            "practitioner_id": lambda value: value in practitioners,
            "method": lambda value: value in methods,
            "issued_from": lambda value: issued is not None and issued >= value,
            "issued_until": lambda value: issued is not None and issued <= value,
            "q": lambda value: self._has_text(invoice, value),
        }
        return all(tests[name](value) for name, value in filters.items())

    def found(self, filters: dict[str, Any]) -> list[Invoice]:
        """Return the invoices that match every filter, the first made first."""
        return [invoice for invoice in self.invoices if self.matches(invoice, filters)]

    def _has_text(self, invoice: Invoice, value: str) -> bool:
        family, given = self.names[invoice.patient_id]
        texts = [
            str(invoice.number or "").lower(),
            f"{family} {given or ''}".lower(),
            str(invoice.payer_text(invoice.billed_payer)).lower(),
        ]
        return any(_plain(value.strip().lower()) in _plain(one) for one in texts)


def key_of(invoice: Invoice, sort: str) -> Any:
    """Return by what an invoice is ordered."""
    never = date(9999, 12, 31)
    keys: dict[str, Any] = {
        "created_at": invoice.id.int,
        "number": invoice.number or "",
        "issued_on": invoice.issued_on or never,
        "due_on": invoice.due_on or never,
        "total": invoice.total.minor,
        "due": invoice.due.minor,
    }
    return keys[sort.removeprefix("-")], invoice.id.int


def sums_of(invoices: Iterable[Invoice]) -> dict[str, tuple[int, ...]]:
    """Return what invoices come to by currency: total, credited, written off, paid, and due of those issued."""
    sums: dict[str, tuple[int, ...]] = {}
    for one in invoices:
        due = 0 if one.status == "draft" else one.due.minor
        own = (one.total.minor, one.credited.minor, one.written_off.minor, one.paid.minor, due)
        sums[one.currency] = tuple(map(sum, zip(sums.get(one.currency, (0,) * 5), own, strict=True)))
    return sums


def _visits_of(invoice: Invoice) -> set[UUID]:
    return {one for one in (invoice.appointment_id, *(line.appointment_id for line in invoice.lines)) if one}


def _plain(value: str) -> str:
    return value.translate(str.maketrans("êéü", "eeu"))
