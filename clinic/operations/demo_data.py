"""Sample data of the demo: patients of several languages, two weeks of appointments, open and paid invoices."""

import random
from collections.abc import Iterator
from datetime import date, timedelta

from clinic.core.clock import today
from clinic.core.context import as_actor
from clinic.core.tenancy import clinic_scope
from clinic.core.text import fold
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import ClinicFields, clinic_service
from clinic.identity.operator_actions import operator_service
from clinic.operations.demo_billing import fill_invoices, fill_price_list
from clinic.operations.demo_records import fill_guardians, fill_records
from clinic.operations.demo_schedule import fill_schedule
from clinic.patients.service import Patient, patient_service
from clinic.web.cli_output import info

PATIENTS = 320
BATCH = 40
ACTOR = "import:demo"
CLINIC: ClinicFields = {
    "name": "Harbour Clinic",
    "zone": "Europe/Lisbon",
    "currency": "EUR",
    "locale": "en_GB",
    "address": "Cais do Sodré 14\n1200-450 Lisboa",
    "phone": "+351213555000",
    "email": "desk@harbour.example",
}

ANSWERS = {("reminders", "sms"): True, ("recalls", "email"): True, ("news", "email"): False}
"""What every fourth patient answered about consent when registering; the others were not asked."""

STREETS = ("Rua das Flores", "Rua da Junqueira", "Avenida da Liberdade", "Travessa do Carmo", "Largo da Graça")

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


def fill() -> None:
    """Create the demo's clinic, with the same patients every time and appointments around today."""
    rng = random.Random(20261122)  # noqa: S311 - sample data is no secret
    with as_actor(ACTOR):
        clinic = clinic_service.create(**CLINIC)
        with clinic_scope(clinic.id):
            added = operator_service.add_demo_members(STAFF, password=PASSWORD)
            members = {one.membership.name: one.member.id for one in added}
            patients = list(_patients(rng))
            fill_guardians(patients)
            visits = fill_schedule(rng, patients, _monday(today(clinic.zone)), members)
            fill_records(patients, today(clinic.zone))
            fill_price_list()
            fill_invoices(rng, patients, visits)


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
        address=f"{STREETS[number % len(STREETS)]} {number % 97 + 1}\n{1000 + number}-{number % 900 + 100:03d} Lisboa",
        language=language,
        consent=ANSWERS if number % 4 == 0 else None,
    )


def _monday(day: date) -> date:
    """Return this week's Monday, or on a weekend the next one, so that today's list is not empty."""
    monday = day - timedelta(days=day.weekday())
    return monday if day.weekday() < 5 else monday + timedelta(days=7)
