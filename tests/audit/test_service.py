"""The audit trail of pages, JSON and commands, and reading it."""

import getpass
import platform
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from clinic.audit.service import audit_service
from clinic.billing.service import billing_service
from clinic.core import audit
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.ids import new_id
from clinic.identity.actor_names import actor_names
from clinic.identity.api_keys import api_key_service
from clinic.identity.models import Clinic
from clinic.notifications.models import Notification
from clinic.patients.service import Patient, patient_service
from tests.assertions import rows
from tests.billing.invoices import KEY, a_draft, an_invoice, line_fields, payment_fields
from tests.builders import OWN, a_member, a_patient, a_practitioner, an_appointment, appointment_fields, patient_fields
from tests.fixtures import Here, Run, StoreOnce
from tests.page_client import PageClient

PATIENTS, APPOINTMENTS, INVOICES = "/api/v1/patients", "/api/v1/appointments", "/api/v1/invoices"
ID = {"X-Request-ID": "request-1"}
TERMINAL = f"cli:{getpass.getuser()}@{platform.node()}"


def kind(actor: str) -> str:
    """Return the type of an actor: `staff`, `key` or `cli`."""
    return actor.partition(":")[0]


class Trail:
    """The entries of a test since the last `forget`."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.known: set[UUID] = set()

    def forget(self) -> None:
        self.known = {row["id"] for row in rows(self.app, "audit_entries")}

    def entries(self) -> list[dict[str, Any]]:
        return [row for row in rows(self.app, "audit_entries") if row["id"] not in self.known]

    def acts(self, *, actor: str = "key", request_id: str | None = "request-1") -> list[tuple[str, str]]:
        """Return action and record of one actor's entries, in one request or (None) in all."""
        found = [
            entry
            for entry in self.entries()
            if entry["actor"].startswith(actor) and (request_id is None or entry["request_id"] == request_id)
        ]
        return [(entry["action"], entry["record"]) for entry in found]


@pytest.fixture
def trail(app: Flask) -> Trail:
    """The entries of this test."""
    return Trail(app)


@pytest.fixture
def patient(here: Here) -> Patient:
    """A patient without an email address, who gets no messages."""
    with here():
        return a_patient(email=None)


@pytest.fixture
def practitioner_id(here: Here) -> UUID:
    """A practitioner."""
    with here():
        return a_practitioner().id


@pytest.mark.slow
def test_writes_through_json_are_recorded_once_each(
    client: FlaskClient, patient: Patient, practitioner_id: UUID, trail: Trail
) -> None:
    expected = []
    trail.forget()

    client.post(PATIENTS, json=patient_fields(), headers=ID)
    expected += [("created", "patients"), ("listed", "patients")]  # who may be the same person
    client.patch(f"{PATIENTS}/{patient.id}", json={"phone": None, "sex": "male"}, headers={**ID, "If-Match": '"1"'})
    expected += [("changed", "patients"), ("viewed", "patients")]
    client.post("/api/v1/practitioners", json={"name": "Dr Brandt"}, headers=ID)
    expected += [("created", "practitioners")]
    booked = client.post(APPOINTMENTS, json=appointment_fields(patient.id, practitioner_id), headers=ID)
    expected += [("created", "appointments")]
    client.post(f"{APPOINTMENTS}/{booked.get_json()['id']}/cancel", json={"reason": "patient"}, headers=ID)
    expected += [("changed", "appointments")]
    drafted = client.post(INVOICES, json={"patient_id": str(patient.id), "lines": [line_fields()]}, headers=ID)
    expected += [("created", "invoices"), ("created", "invoice_lines")]
    client.post(f"{INVOICES}/{drafted.get_json()['id']}/issue", headers=ID)
    expected += [("changed", "invoices")]
    address = f"{INVOICES}/{drafted.get_json()['id']}/payments"
    client.post(address, json=payment_fields(), headers={**ID, "Idempotency-Key": KEY})
    expected += [("created", "payments"), ("created", "allocations"), ("changed", "invoices")]

    assert trail.acts() == expected
    assert {entry["patient_id"] for entry in trail.entries() if "invoice" in entry["record"]} == {patient.id}
    assert trail.entries()[-1]["changes"] == {"status": ["issued", "balanced"], "paid_minor": [0, 5000]}
    assert [entry["patient_id"] for entry in trail.entries()[-3:-1]] == [patient.id] * 2
    assert KEY not in str(trail.entries())


def test_writes_on_pages_are_recorded_once_each(client: PageClient, patient: Patient, trail: Trail) -> None:
    token = client.token()
    trail.forget()

    changed = {"family_name": "Sousa", "given_name": "Inês", "birth_date.year": "1991", "version": "1"}
    client.post("/patients/new", data={"csrf_token": token, "family_name": "Reis"}, headers=ID)
    client.post(f"/patients/{patient.id}/edit", data={"csrf_token": token, **changed}, headers=ID)

    assert trail.acts(actor="staff") == [("created", "patients"), ("changed", "patients")]
    assert trail.entries()[-1]["changes"]["family_name"] == ["Pereira", "Sousa"]


@pytest.mark.slow
def test_writes_by_commands_are_recorded_once_each(
    run: Run, patient: Patient, practitioner_id: UUID, trail: Trail
) -> None:
    trail.forget()

    run("patients", "add", "--family-name", "Reis")
    when = ["--starts", "2029-11-26 09:00"]
    run("appointments", "book", "--patient", patient.mrn, "--practitioner", practitioner_id, *when)
    run("billing", "create", "--patient", patient.mrn, "--line", "Consultation|1|50.00", "--issue")

    found = trail.entries()
    assert all(len(entry["request_id"]) == 32 for entry in found)
    assert len({entry["request_id"] for entry in found}) == 3
    assert trail.acts(actor=TERMINAL, request_id=None) == [
        ("created", "patients"),
        ("created", "appointments"),
        ("created", "invoices"),
        ("created", "invoice_lines"),
        ("changed", "invoices"),
    ]


@pytest.mark.slow
def test_a_patch_without_changes_is_recorded_as_a_view(client: FlaskClient, patient: Patient, trail: Trail) -> None:
    trail.forget()

    answer = client.patch(f"{PATIENTS}/{patient.id}", json={}, headers={**ID, "If-Match": "*"})

    assert answer.get_json()["family_name"] == patient.family_name
    assert trail.acts() == [("viewed", "patients")]


@pytest.mark.slow
def test_the_writes_of_a_handler_are_recorded_with_the_actor_of_the_event(client: FlaskClient, trail: Trail) -> None:
    trail.forget()

    client.post(PATIENTS, json=patient_fields(email="ines@example.org"), headers=ID)

    assert trail.acts() == [("created", "patients"), ("created", "notifications")]


def test_a_rejected_write_is_not_recorded(client: FlaskClient, patient: Patient, trail: Trail) -> None:
    trail.forget()

    client.patch(f"{PATIENTS}/{patient.id}", json={"sex": "male"}, headers={**ID, "If-Match": '"7"'})
    client.post(PATIENTS, json={"sex": "male"}, headers=ID)

    assert trail.acts() == [("viewed", "patients")]  # a stale write is answered with the record as it is


VIEWS = [
    ("/patients/{patient}", "patients"),
    ("/patients/{patient}/edit", "patients"),
    ("/api/v1/patients/{patient}", "patients"),
    ("/appointments/{appointment}", "appointments"),
    ("/api/v1/appointments/{appointment}", "appointments"),
    ("/invoices/{invoice}", "invoices"),
    ("/invoices/new?patient={patient}", "patients"),
    ("/api/v1/invoices/{invoice}", "invoices"),
    ("/api/v1/invoices/{invoice}/payments", "invoices"),
    ("/api/v1/notifications/{notification}", "notifications"),
]
LISTS = [
    ("/patients", "patients"),
    ("/patients?q=pereira", "patients"),
    ("/api/v1/patients", "patients"),
    ("/api/v1/patients?q=pereira", "patients"),
    ("/appointments?day=2029-11-26", "appointments"),
    ("/api/v1/appointments", "appointments"),
    ("/invoices", "invoices"),
    ("/api/v1/invoices", "invoices"),
    ("/messages", "notifications"),
    ("/api/v1/notifications", "notifications"),
]


def _records() -> dict[str, UUID]:
    patient = a_patient()
    found = {"patient": patient.id, "appointment": an_appointment(patient).id, "invoice": an_invoice(patient).id}
    return found | {"notification": db.session.scalars(select(Notification.id).limit(1)).one()}


@pytest.fixture
def records(store_once: StoreOnce) -> dict[str, UUID]:
    """A patient with an appointment, an invoice and a message."""
    return store_once(_records)  # type: ignore[no-any-return]


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize(("address", "record"), VIEWS)
def test_every_view_of_a_record_of_a_patient_is_recorded(
    client: FlaskClient, records: dict[str, UUID], trail: Trail, address: str, record: str
) -> None:
    trail.forget()

    answer = client.get(address.format(**records), headers=ID)

    (entry,) = trail.entries()
    assert answer.status_code == 200
    assert (entry["action"], entry["record"], entry["patient_id"]) == ("viewed", record, records["patient"])
    assert (kind(entry["actor"]), entry["request_id"]) == ("key" if "/api/" in address else "staff", "request-1")


@pytest.mark.breadth
@pytest.mark.parametrize(("address", "record"), LISTS)
def test_every_list_of_patients_is_recorded_with_the_patients(
    client: FlaskClient, records: dict[str, UUID], trail: Trail, address: str, record: str
) -> None:
    trail.forget()

    client.get(address, headers=ID)

    (entry,) = trail.entries()
    assert (entry["action"], entry["record"]) == ("listed", record)
    assert entry["changes"] == {"patients": [None, [str(records["patient"])]]}


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize(
    ("command", "recorded"),
    [
        (["patients", "show", "P-000001"], ("viewed", "patients")),
        (["patients", "list"], ("listed", "patients")),
        (["patients", "list", "--search", "pereira"], ("listed", "patients")),
        (["appointments", "list", "--day", "2029-11-26"], ("listed", "appointments")),
        (["billing", "invoices"], ("listed", "invoices")),
        (["notifications", "list"], ("listed", "notifications")),
        (["audit", "list"], ("listed", "audit_entries")),
    ],
)
def test_every_command_that_shows_patients_is_recorded(
    run: Run, records: dict[str, UUID], trail: Trail, command: list[str], recorded: tuple[str, str]
) -> None:
    trail.forget()

    assert run(*command).exit_code == 0

    assert trail.acts(actor=TERMINAL, request_id=None) == [recorded]


def test_a_not_modified_answer_is_recorded_as_a_view(client: FlaskClient, patient: Patient, trail: Trail) -> None:
    trail.forget()

    answer = client.get(f"{PATIENTS}/{patient.id}", headers={**ID, "If-None-Match": '"1"'})

    assert (answer.status_code, trail.acts()) == (304, [("viewed", "patients")])


@pytest.mark.slow
@pytest.mark.parametrize(
    "address", ["/patients/{}", "/api/v1/patients/{}", "/patients?q=nobody", "/api/v1/appointments"]
)
def test_an_answer_without_patients_is_not_recorded(
    client: FlaskClient, patient: Patient, trail: Trail, address: str
) -> None:
    trail.forget()

    client.get(address.format(new_id()), headers=ID)

    assert trail.entries() == []


def test_an_edit_conflict_is_recorded_as_a_view(client: PageClient, patient: Patient, trail: Trail) -> None:
    token = client.token()
    trail.forget()

    fields = {"csrf_token": token, "family_name": "Sousa", "version": "9"}
    answer = client.post(f"/patients/{patient.id}/edit", data=fields, headers=ID)

    assert answer.status_code == 409
    assert trail.acts(actor="staff") == [("viewed", "patients")]


def test_entries_are_listed_latest_first_in_pages(here: Here) -> None:
    with here():
        for number in range(5):
            audit.record_act("tried", "tests", number=number)
        first = audit_service.list(action="tried", limit=3)
        second = audit_service.list(action="tried", limit=3, after=first.next_key)

    numbers = [entry.changes["number"][1] for page in (first, second) for entry in page.rows]
    assert numbers == [4, 3, 2, 1, 0]
    assert second.next_key is None


def test_entries_are_found_by_every_filter(here: Here, patient: Patient, client: FlaskClient) -> None:
    client.get(f"{PATIENTS}/{patient.id}")
    start = now() + timedelta(hours=1)
    with here():
        key = audit_service.list(action="viewed").rows[0].actor
    filters: list[dict[str, Any]] = [
        {"actor": key},
        {"action": "viewed"},
        {"record": "patients", "action": "viewed"},
        {"patient_id": patient.id, "actor": key},
        {"since": start - timedelta(hours=2), "before": start, "actor": key},
    ]

    with here():
        found = [[entry.action for entry in audit_service.list(**one).rows] for one in filters]
        nothing = [
            audit_service.list(**one).rows
            for one in ({"actor": "nobody"}, {"since": start}, {"before": datetime.min.replace(tzinfo=start.tzinfo)})
        ]
        unstorable = audit_service.list(actor="\x00").rows

    assert found == [["viewed"]] * 5
    assert [*nothing, unstorable] == [[]] * 4


@pytest.mark.row(37)
def test_a_clinic_has_no_entry_of_another(here: Here, other_clinic: Clinic, run: Run) -> None:
    with here():
        a_patient(family_name="Ours")
    with here(other_clinic.id):
        theirs = a_patient(family_name="Zzz")
        audit.record_view("patients", theirs.id, theirs.id)

    with here():
        listed = str([entry.changes for entry in audit_service.list(limit=200).rows])
        log = audit_service.access_log([theirs.id]).rows
    exported = run("audit", "export", "--clinic", OWN).stdout

    assert "Ours" in listed
    assert "Ours" in exported
    assert "Zzz" not in listed + exported
    assert log == []


@pytest.mark.slow
def test_the_access_log_has_views_and_lists_of_a_patient(
    client: FlaskClient, here: Here, records: dict[str, UUID]
) -> None:
    with here():
        other = a_patient(family_name="Noise")
    client.get(f"/patients/{records['patient']}")
    client.get(f"/patients/{other.id}")
    client.get("/patients?q=noise")
    client.get("/api/v1/patients?q=pereira")
    client.get(f"/invoices/{records['invoice']}")

    with here():
        log = audit_service.access_log([records["patient"]]).rows

    assert [(kind(entry.actor), entry.action, entry.record) for entry in log] == [
        ("staff", "viewed", "invoices"),
        ("key", "listed", "patients"),
        ("staff", "viewed", "patients"),
    ]


@pytest.mark.row(54)
def test_an_export_is_recorded_with_its_count_and_returns_the_oldest_first(here: Here) -> None:
    with here():
        for number in range(5):
            audit.record_act("tried", "tests", number=number)

        found = list(audit_service.export(action="tried"))
        exports = audit_service.list(action="exported").rows

    assert [entry["changes"]["number"][1] for entry in found] == [0, 1, 2, 3, 4]
    assert [(entry.record, entry.changes) for entry in exports] == [
        ("audit_entries", {"count": [None, 5], "of_action": [None, "tried"]})
    ]


def test_entries_of_no_clinic_are_listed_on_request_only(app: Flask, here: Here) -> None:
    with app.app_context():
        audit.record_act("sign-in-refused", "staff")

    with here():
        of_clinic = audit_service.list(action="sign-in-refused").rows
        of_no_clinic = audit_service.list(action="sign-in-refused", of_no_clinic=True).rows

    assert (len(of_clinic), len(of_no_clinic)) == (0, 1)


@pytest.mark.slow
def test_entries_of_invoice_lines_and_payments_have_the_patient(here: Here, patient: Patient, trail: Trail) -> None:
    with here():
        invoice = billing_service.issue(a_draft(patient).id)
        trail.forget()
        billing_service.record_payment(invoice.id, amount=invoice.total, method="card")
        patient_service.get(patient.id)

    assert [entry["patient_id"] for entry in trail.entries()] == [patient.id] * 3


@pytest.mark.slow
def test_an_entry_of_a_staff_member_has_the_session(app: Flask, client: PageClient, trail: Trail) -> None:
    client.get("/account")
    trail.forget()

    client.submit("/patients/new", family_name="Pereira")
    client.get("/patients")

    sign_in = rows(app, "sign_ins")[0]["id"]
    by_hand = [entry for entry in trail.entries() if entry["actor"].startswith("staff:")]
    assert {(entry["session_id"], entry["key_id"]) for entry in by_hand} == {(sign_in, None)}
    assert {entry["action"] for entry in by_hand} >= {"created", "listed"}


@pytest.mark.slow
def test_an_entry_of_a_program_has_the_api_key(app: Flask, client: PageClient, trail: Trail) -> None:
    trail.forget()

    client.post(PATIENTS, json=patient_fields())
    client.get(PATIENTS)

    key = rows(app, "api_keys")[0]["id"]
    by_key = [entry for entry in trail.entries() if entry["actor"].startswith("key:")]
    assert {(entry["session_id"], entry["key_id"], entry["actor"]) for entry in by_key} == {(None, key, f"key:{key}")}
    assert {entry["action"] for entry in by_key} >= {"created", "listed"}


def test_staff_and_keys_of_another_clinic_have_no_name(app: Flask, here: Here, other_clinic: Clinic) -> None:
    with here(other_clinic.id):
        member = a_member(other_clinic.id, "manager")
        key, _ = api_key_service.create(label="Their laboratory", scopes=["all"])
        actors = [f"staff:{member.id}", f"key:{key.id}"]
        there = set(actor_names(actors).values())

    with here():
        names = actor_names(actors)

    assert there == {"Manager Person", "API key “Their laboratory”"}
    assert not there & set(names.values())
