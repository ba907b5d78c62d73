"""Changes of many rows by one statement: only of the current clinic, audited, and of no other version."""

import pytest
from sqlalchemy import bindparam, select, text, update

from clinic.appointments.models import Practitioner
from clinic.core.bulk_update import RowUpdate, set_aside, update_rows
from clinic.core.db import db
from clinic.core.errors import StaleVersion
from clinic.core.tenancy import clinic_scope
from clinic.core.unit_of_work import unit_of_work
from clinic.notifications.models import Notification
from tests.assertions import rows
from tests.builders import a_patient, a_practitioner

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("inside")]


@pytest.fixture
def practitioners():
    """Two of them."""
    return [a_practitioner(name) for name in ("Dr Okafor", "Dr Brandt")]


def rename(*names):
    return list(zip(db.session.scalars(select(Practitioner).order_by(Practitioner.id)), names, strict=True))


def test_rows_are_changed_with_a_version_and_an_audit_entry_each(app, practitioners):
    with unit_of_work():
        update_rows([(one, {"name": name, "active": True}) for one, name in rename("Dr Okafor-Silva", "Dr Brandt")])
        read_again = [one.name for one, _ in rename("", "")]

    assert read_again == ["Dr Okafor-Silva", "Dr Brandt"]
    assert [(row["name"], row["version"]) for row in rows(app, "practitioners")] == [
        ("Dr Okafor-Silva", 2),
        ("Dr Brandt", 2),
    ]
    assert all(row["updated_at"] > row["created_at"] for row in rows(app, "practitioners"))
    assert [row["changes"] for row in rows(app, "audit_entries")[-2:]] == [
        {"name": ["Dr Okafor", "Dr Okafor-Silva"]},
        {},
    ]


def test_rows_that_are_set_aside_have_the_same_version_and_no_entry(app, practitioners):
    entries = len(rows(app, "audit_entries"))

    with unit_of_work():
        set_aside([(one, {"name": name}) for one, name in rename("A", "B")])

    assert [(row["name"], row["version"]) for row in rows(app, "practitioners")] == [("A", 1), ("B", 1)]
    assert len(rows(app, "audit_entries")) == entries


def test_another_version_is_not_overwritten(app, practitioners):
    with pytest.raises(StaleVersion), unit_of_work():
        changes = [(one, {"name": name}) for one, name in rename("A", "B")]
        db.session.connection().execute(text("UPDATE practitioners SET version = 7 WHERE name = 'Dr Brandt'"))
        update_rows(changes)

    assert [row["name"] for row in rows(app, "practitioners")] == ["Dr Okafor", "Dr Brandt"]


def test_rows_of_another_clinic_are_not_changed(app, here, other_clinic, practitioners):
    with here(other_clinic.id), pytest.raises(StaleVersion), unit_of_work():
        update_rows([(practitioners[0], {"name": "Theirs"})])

    assert rows(app, "practitioners")[0]["name"] == "Dr Okafor"


def test_no_rows_take_no_statement():
    with unit_of_work():
        set_aside([])
        update_rows([])


def test_a_row_is_changed_and_audited_for_its_present_patient_if_it_meets_the_conditions(app):
    first, second = a_patient(), a_patient()
    message = db.session.scalars(select(Notification).where(Notification.patient_id == first.id)).one()
    queued = RowUpdate(Notification, Notification.__table__.c.state == bindparam("wanted"))
    with unit_of_work():
        merged = update(Notification).where(Notification.id == message.id).values(patient_id=second.id)
        db.session.connection().execute(merged)
        db.session.expunge(message)
        changed = [queued.execute(message, {"state": "failed"}, wanted=wanted) for wanted in ("sent", "queued")]

    [entry] = [row for row in rows(app, "audit_entries") if row["action"] == "changed"]
    assert changed == [False, True]
    assert (entry["record_id"], entry["patient_id"]) == (message.id, second.id)
    assert entry["changes"] == {"state": ["queued", "failed"]}


def test_a_row_of_another_clinic_is_not_changed(app, other_clinic):
    a_patient()
    message = db.session.scalars(select(Notification)).one()
    db.session.expunge(message)

    with clinic_scope(other_clinic.id), unit_of_work():
        assert not RowUpdate(Notification).execute(message, {"state": "failed"})

    assert [row["state"] for row in rows(app, "notifications")] == ["queued"]
