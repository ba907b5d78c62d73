"""Sample data of the demo: patients of several languages, two weeks of appointments, open and paid invoices."""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction

from clinic.appointments.service import (
    Appointment,
    Practitioner,
    appointment_service,
    practitioner_service,
)
from clinic.billing.service import Invoice, LineFields, billing_service
from clinic.core.clock import at_wall_time, today
from clinic.core.context import as_actor
from clinic.core.money import Money
from clinic.core.tenancy import clinic_scope
from clinic.core.text import fold
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.identity.operator_actions import operator_service
from clinic.patients.service import Patient, patient_service
from clinic.web.cli_output import info

PATIENTS = 320
BATCH = 40
INVOICES = 90
ACTOR = "import:demo"
CLINIC = {"name": "Harbour Clinic", "zone": "Europe/Lisbon", "currency": "EUR", "locale": "en_GB"}

PASSWORD = "harbour lights at night"  # noqa: S105 - public: it is valid in the demo only
STAFF = {
    "ana@demo.example": ("Ana Costa", "administrator"),
    "marek@demo.example": ("Marek Nowak", "manager"),
    "rosa@demo.example": ("Rosa Almeida", "receptionist"),
    "amara@demo.example": ("Dr Amara Okafor", "practitioner"),
    "bruno@demo.example": ("Bruno Keller", "billing-clerk"),
    "rita@demo.example": ("Rita Lund", "read-only"),
}
"""The staff members of the demo's clinic: one of each role."""

PRACTITIONERS = [
    ("Dr Amara Okafor", "General practice"),
    ("Dr Lukas Brandt", "Dermatology"),
    ("Sofia Marin", "Physiotherapy"),
    ("Dr Rui Silva", "Paediatrics"),
]

NAMES = [
    ("pt", "Inês Beatriz Catarina", "João Tomás Gonçalo", "Pereira Gonçalves Araújo Simões Conceição"),
    ("en", "Olivia Amelia Isla", "George Harry Oisín", "O’Brien Smith-Jones Whitaker MacLeod Adeyemi"),
    ("de", "Käthe Anneliese Jördis", "Jürgen Sören Björn", "Müller Weiß Schönfeld Jäger Großmann"),
    ("pl", "Małgorzata Agnieszka Łucja", "Łukasz Piotr Zdzisław", "Wójcik Kowalczyk Dudek Zając Świątek"),
    ("vi", "Thị·Hà Minh·Châu Ngọc·Ánh", "Văn·Đức Quốc·Bảo Hữu·Lộc", "Nguyễn Trần Lê Phạm Đặng"),
    ("fr", "Zoé Anaïs Gaëlle", "François Théo Loïc", "Lefèvre Béranger Côté D’Aubigné Noël"),
    ("tr", "Ayşe Çağla Şule", "İbrahim Ömer Uğur", "Yılmaz Öztürk Şahin Çelik Güneş"),
    ("hu", "Eszter Zsófia Ágnes", "László Gergő Örs", "Kovács Szabó Nagy Tóth Horváth"),
    ("is", "Sigríður Guðrún Æsa", "Þór Jón Ægir", "Ólafs Sigurðs Þorláks Guðmunds Hákonar"),
    ("el", "Ελένη Μαρία Σοφία", "Γιώργος Νίκος Στέφανος", "Παπαδάκη Γεωργίου Νικολάου Ιωάννου Δημητρίου"),
    ("zh", "丽华 美玲 芳", "小明 志强 伟", "王 李 张 陈 刘"),
    ("ar", "ليلى فاطمة مريم", "عمر يوسف كريم", "حداد الخطيب نصار منصور سليمان"),
]
"""Language, women's names, men's names, family names; a dot stands for a space inside a name."""

SERVICES = [
    ("Consultation, general practice", "50.00"),
    ("Follow-up visit", "35.00"),
    ("Medical certificate", "12.20"),
    ("Physiotherapy, 45 minutes", "42.50"),
    ("Dressing change", "18.75"),
]


def fill() -> None:
    """Create the demo's clinic, with the same patients every time and appointments around today."""
    rng = random.Random(20261122)  # noqa: S311 - sample data is no secret
    with as_actor(ACTOR):
        clinic = clinic_service.create(**CLINIC)
        with clinic_scope(clinic.id):
            for email, (name, role) in STAFF.items():
                operator_service.add_demo_member(email=email, name=name, role=role, password=PASSWORD)
            patients = list(_patients(rng))
            with unit_of_work():
                practitioners = [
                    practitioner_service.create(name=name, speciality=what) for name, what in PRACTITIONERS
                ]
            monday = _monday(today(clinic.zone))
            booked = [
                one for day in _working_days(monday) for one in _day(rng, day, clinic.zone, practitioners, patients)
            ]
            _cancel_some(rng, booked)
            _invoices(rng, patients, clinic.currency)


def _patients(rng: random.Random) -> Iterator[Patient]:
    for start in range(0, PATIENTS, BATCH):
        with unit_of_work():
            people = [_patient(rng, start + offset) for offset in range(BATCH)]
        yield from people
        info(f"Registered {start + len(people)} of {PATIENTS} patients")


def _patient(rng: random.Random, number: int) -> Patient:
    language, women, men, families = rng.choice(NAMES)
    sex = rng.choice(["female", "male"])
    given = rng.choice((women if sex == "female" else men).split()).replace("·", " ")
    family = rng.choice(families.split())
    born = date(1935, 1, 1) + timedelta(days=rng.randrange(32_000))
    mailbox = fold(given).replace(" ", "") if fold(given).isascii() else "patient"
    return patient_service.create(
        given_name=given,
        family_name=family,
        birth_date=born.isoformat() if rng.random() < 0.95 else str(born.year),
        sex=sex if rng.random() < 0.95 else "unknown",
        phone=f"+3519{rng.randrange(10, 40)}{rng.randrange(1_000_000):06d}" if rng.random() < 0.9 else None,
        email=f"{mailbox}.{number}@example.org" if rng.random() < 0.75 else None,
        language=language,
    )


def _monday(day: date) -> date:
    """Return this week's Monday, or on a weekend the next one, so that today's list is not empty."""
    monday = day - timedelta(days=day.weekday())
    return monday if day.weekday() < 5 else monday + timedelta(days=7)


def _working_days(monday: date) -> Iterator[date]:
    return (monday + timedelta(days=week * 7 + day) for week in range(2) for day in range(5))


def _day(
    rng: random.Random, day: date, zone: str, practitioners: list[Practitioner], patients: list[Patient]
) -> list[Appointment]:
    """Book appointments from nine to five, with a break and some gaps."""
    with unit_of_work():
        booked = [
            appointment
            for practitioner in practitioners
            for start, minutes in _slots(rng, day, zone)
            if (appointment := _book(practitioner, rng.choice(patients), start, minutes))
        ]
    info(f"Booked {len(booked)} appointments on {day}")
    return booked


def _slots(rng: random.Random, day: date, zone: str) -> Iterator[tuple[datetime, int]]:
    minute = 9 * 60
    while minute < 17 * 60:
        length = rng.choice([15, 20, 30, 30, 45])
        if not 12 * 60 + 30 <= minute < 13 * 60 + 30 and rng.random() < 0.8:
            yield at_wall_time(datetime(day.year, day.month, day.day, *divmod(minute, 60)), zone), length  # noqa: DTZ001
        minute += length


def _book(practitioner: Practitioner, patient: Patient, start: datetime, minutes: int) -> Appointment | None:
    """Book an appointment unless the patient has another one at that time."""
    end = start + timedelta(minutes=minutes)
    nearby = appointment_service.list(patient_id=patient.id, since=start - timedelta(hours=2), before=end).rows
    if any(other.ends_at > start for other in nearby):
        return None
    return appointment_service.create(
        patient_id=patient.id, practitioner_id=practitioner.id, starts_at=start, ends_at=end
    )


def _cancel_some(rng: random.Random, booked: list[Appointment]) -> None:
    with unit_of_work():
        for appointment in rng.sample(booked, len(booked) // 25):
            appointment_service.cancel(appointment.id, reason=rng.choice(["patient", "clinic"]))


def _invoices(rng: random.Random, patients: list[Patient], currency: str) -> None:
    """Create invoices: a few drafts, some open or partly paid, most of them paid."""
    with unit_of_work():
        for number, patient in enumerate(rng.sample(patients, INVOICES)):
            lines = [
                LineFields(description=what, quantity=Fraction(1), unit_price=Money.parse(price, currency))
                for what, price in rng.sample(SERVICES, rng.randrange(1, 4))
            ]
            invoice = billing_service.create(patient_id=patient.id, lines=lines)
            if number % 10:
                billing_service.issue(invoice.id)
                _pay(rng, invoice, number)
    info(f"Created {INVOICES} invoices")


def _pay(rng: random.Random, invoice: Invoice, number: int) -> None:
    """Pay two of three invoices, a few of them partly."""
    part = number % 7 == 0
    if number % 3:
        amount = Money(invoice.total.minor // 2, invoice.currency) if part else invoice.total
        billing_service.record_payment(invoice.id, amount=amount, method=rng.choice(["cash", "card", "transfer"]))
