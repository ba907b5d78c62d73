"""Recording of the audit trail: an entry for each write and each view, in the same transaction, without secrets."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, insert, select, update
from sqlalchemy.sql.dml import UpdateBase

from clinic.appointments.models import Practitioner
from clinic.core import audit
from clinic.core.audit import UnauditedStatement, record_act, record_listing, record_view
from clinic.core.context import Actor, reset_actor, set_actor
from clinic.core.db import db
from clinic.core.ids import new_id
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.models import Clinic
from clinic.notifications.mail_worker import send_due
from clinic.patients.models import Patient, PatientTokens
from clinic.patients.service import patient_service
from tests.assertions import rows
from tests.builders import a_patient, a_practitioner
from tests.fixtures import Here

pytestmark = pytest.mark.usefixtures("inside")


@pytest.fixture
def entries(app: Flask) -> Any:
    """Return the entries since the start of the test, of one table or all."""
    before = {row["id"] for row in rows(app, "audit_entries")}

    def since(record: str | None = None) -> list[dict[str, Any]]:
        found = [row for row in rows(app, "audit_entries") if row["id"] not in before]
        return [row for row in found if record in {None, row["record"]}]

    return since


@pytest.fixture
def secret_pronouns() -> Iterator[None]:
    """Mark pronouns as secret, as the hash of a password is."""
    info = Patient.__table__.c.pronouns.info
    info["secret"] = True
    audit._fields.cache_clear()
    yield
    del info["secret"]
    audit._fields.cache_clear()


def acted(row: dict[str, Any]) -> tuple[str, str, UUID | None]:
    return row["action"], row["record"], row["record_id"]


@pytest.mark.both_databases
def test_a_new_row_is_recorded_with_every_field_that_has_a_value(entries: Any) -> None:
    patient = a_patient(pronouns=None)

    (entry,) = entries("patients")

    assert acted(entry) == ("created", "patients", patient.id)
    assert (entry["clinic_id"], entry["patient_id"]) == (patient.clinic_id, patient.id)
    assert entry["changes"] == {
        "mrn": [None, "P-000001"],
        "family_name": [None, "Pereira"],
        "given_name": [None, "Inês"],
        "birth_date": [None, "1991-06-21"],
        "state": [None, "active"],
        "sex": [None, "female"],
        "email": [None, "ines@example.org"],
    }


def test_a_change_is_recorded_by_field_before_and_after(entries: Any) -> None:
    patient = a_patient()

    patient_service.update(patient.id, version=1, given_name="Inês", family_name="Sousa", email=None)

    assert entries("patients")[-1]["action"] == "changed"
    assert entries("patients")[-1]["changes"] == {
        "family_name": ["Pereira", "Sousa"],
        "email": ["ines@example.org", None],
    }


def test_the_value_before_is_loaded_for_an_expired_field(entries: Any) -> None:
    patient = a_patient()

    with unit_of_work():  # it expires loaded rows
        patient.family_name = "Sousa"

    assert entries("patients")[-1]["changes"] == {"family_name": ["Pereira", "Sousa"]}


def test_saving_the_same_value_is_not_recorded(entries: Any) -> None:
    patient = a_patient()
    count = len(entries())

    patient_service.update(patient.id, version=1, family_name="Pereira")

    assert len(entries()) == count


def test_a_deleted_row_is_recorded_with_its_values(entries: Any) -> None:
    practitioner = a_practitioner("Dr Brandt")

    with unit_of_work():
        db.session.delete(practitioner)

    assert entries()[-1]["action"] == "deleted"
    assert entries()[-1]["changes"] == {"name": ["Dr Brandt", None], "active": [True, None]}


def test_an_entry_has_actor_address_session_key_and_request(entries: Any) -> None:
    who = Actor("staff:1", "request-1", address="192.0.2.7", session_id=new_id(), key_id=new_id())
    token = set_actor(who)
    a_practitioner()
    reset_actor(token)

    (entry,) = entries()

    names = ("actor", "request_id", "address", "session_id", "key_id")
    assert [entry[name] for name in names] == [getattr(who, name) for name in names]
    assert abs((entry["at"].replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()) < 60


@pytest.mark.both_databases
def test_an_entry_is_rolled_back_with_its_change(entries: Any) -> None:
    with pytest.raises(RuntimeError, match="no"), unit_of_work():
        a_practitioner()
        record_act("tried", "practitioners")
        raise RuntimeError("no")

    assert entries() == []


def test_a_write_whose_entry_cannot_be_stored_is_rolled_back(
    app: Flask, entries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "now", lambda: None)

    with pytest.raises(Exception, match="audit_entries"):
        a_practitioner()

    assert rows(app, "practitioners") == entries() == []


def test_a_secret_is_not_recorded(app: Flask, secret_pronouns: None, entries: Any) -> None:
    patient = a_patient(pronouns="hush-1")
    for value in ("hush-2", None):
        patient_service.update(patient.id, version=None, pronouns=value)

    recorded = [entry["changes"]["pronouns"] for entry in entries("patients")]

    assert recorded == [[None, "(secret)"], ["(secret)", "(secret)"], ["(secret)", None]]
    assert "hush" not in str(rows(app, "audit_entries"))


def test_internal_columns_are_not_recorded(app: Flask, entries: Any) -> None:
    a_patient()
    send_due()

    recorded = {(entry["record"], field) for entry in entries() for field in entry["changes"]}

    assert {record for record, _ in recorded} == {"patients", "notifications"}
    hidden = {"id", "clinic_id", "version", "updated_at", "sort_name", "lease", "leased_until", "attempts"}
    assert not {field for _, field in recorded} & hidden
    assert [entry["changes"]["state"] for entry in entries("notifications") if "state" in entry["changes"]] == [
        [None, "queued"],
        ["queued", "sending"],
        ["sending", "sent"],
    ]


@pytest.mark.both_databases
@pytest.mark.breadth
@pytest.mark.parametrize(
    "statement",
    [
        update(Patient).values(pronouns="they"),
        delete(Practitioner),
        insert(Practitioner).values(name="Dr Nobody"),
        update(Clinic).values(name="X"),
    ],
)
def test_a_bulk_statement_is_rejected(app: Flask, statement: UpdateBase, entries: Any) -> None:
    a_practitioner()
    before = rows(app, "practitioners")

    with pytest.raises(UnauditedStatement, match="one by one"), unit_of_work():
        db.session.execute(statement)

    assert rows(app, "practitioners") == before


def test_a_bulk_statement_on_an_unaudited_table_is_accepted() -> None:
    a_patient()

    with unit_of_work():
        db.session.execute(delete(PatientTokens))

    assert db.session.scalars(select(PatientTokens)).all() == []


@pytest.mark.both_databases
def test_a_view_is_recorded_at_once_and_keeps_loaded_rows(entries: Any) -> None:
    patient = patient_service.get(a_patient().id)

    record_view("patients", patient.id, patient.id, why="asked")
    is_loaded = "family_name" in patient.__dict__

    assert is_loaded
    assert acted(entries()[-1]) == ("viewed", "patients", patient.id)
    assert (entries()[-1]["patient_id"], entries()[-1]["changes"]) == (patient.id, {"why": [None, "asked"]})


def test_a_list_is_recorded_with_each_subject_once(entries: Any) -> None:
    one, other = new_id(), new_id()

    record_listing("appointments", [one, other, one])
    record_listing("appointments", [])

    (entry,) = entries()
    assert (entry["action"], entry["patient_id"]) == ("listed", None)
    assert entry["changes"] == {"patients": [None, [str(one), str(other)]]}


def test_an_action_without_a_clinic_is_recorded(app: Flask, entries: Any) -> None:
    with app.app_context():
        record_act("sign-in-refused", "staff")

    assert (entries()[-1]["clinic_id"], entries()[-1]["action"]) == (None, "sign-in-refused")


def test_a_value_without_a_json_form_is_rejected() -> None:
    with pytest.raises(TypeError, match="bytes"):
        record_act("tried", "tests", key=b"secret")


def test_a_page_whose_view_cannot_be_recorded_is_not_shown(
    client: FlaskClient, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    with here():
        patient = a_patient()
    monkeypatch.setattr(audit, "now", lambda: None)
    client.application.config["PROPAGATE_EXCEPTIONS"] = False

    answer = client.get(f"/patients/{patient.id}")

    client.application.config["PROPAGATE_EXCEPTIONS"] = None
    assert answer.status_code == 500
    assert "Pereira" not in answer.text
