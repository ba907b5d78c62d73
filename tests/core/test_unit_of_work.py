"""The unit of work: changes and events in one commit, then the handlers."""

from contextvars import copy_context
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm.exc import StaleDataError

from clinic.core.context import as_actor
from clinic.core.db import db
from clinic.core.db.orm_session import OutsideUnitOfWork, UnitOfWorkOpen
from clinic.core.db.transaction import UnitOfWorkDoomed, after_commit, keep_loaded, write_transaction
from clinic.core.events import EventEnvelope, current_event, event_bus
from clinic.core.events.models import Delivery, StoredEvent
from clinic.core.events.types import UndeclaredEvent
from clinic.core.tenancy import clinic_scope
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.models import Clinic
from clinic.patients.models import Patient
from tests.builders import a_patient
from tests.databases import on_postgresql_only, on_sqlite_only
from tests.fixtures import Here

pytestmark = pytest.mark.usefixtures("inside")

CREATED = {"patient_id": "1", "clinic_id": "2"}


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.both_databases
def test_a_unit_of_work_commits_the_change_and_its_event_together() -> None:
    with unit_of_work():
        a_patient()
        assert count(StoredEvent) == 0

    assert (count(Patient), count(StoredEvent), count(Delivery)) == (1, 1, 1)


@pytest.mark.both_databases
@pytest.mark.parametrize("durable", [True, False])
def test_a_commit_waits_for_the_disk_unless_it_may_be_lost_when_the_power_fails(durable: bool) -> None:
    is_sqlite = db.engine.dialect.name == "sqlite"
    setting = "PRAGMA synchronous" if is_sqlite else "SHOW synchronous_commit"
    waits = 2 if is_sqlite else db.session.connection().exec_driver_sql(setting).scalar()
    with unit_of_work(durable=not durable):
        a_patient()

    with unit_of_work(durable=durable):
        a_patient()
        found = db.session.connection().exec_driver_sql(setting).scalar()

    assert found == (waits if durable else 1 if is_sqlite else "off")
    assert count(Patient) == 2


@pytest.mark.both_databases
@on_postgresql_only
def test_a_unit_of_work_begins_on_postgresql_at_once_with_its_limit_for_locks() -> None:
    with unit_of_work():
        driver: Any = db.session.connection().connection.dbapi_connection
        begun = driver.info.transaction_status.name
        limit = db.session.connection().exec_driver_sql("SHOW lock_timeout").scalar()

    assert (begun, limit) == ("INTRANS", "4s")
    assert db.session.connection().exec_driver_sql("SHOW lock_timeout").scalar() == "0"


@pytest.mark.both_databases
@on_postgresql_only
def test_a_unit_of_work_on_a_connection_that_broke_fails_and_the_next_one_works() -> None:
    db.engine.dispose()  # so that the pool has one connection, which the next unit of work takes
    connection: Any = db.session.connection().connection.dbapi_connection
    db.session.commit()
    connection.pgconn.finish()

    with pytest.raises(DBAPIError), unit_of_work():
        a_patient()
    with unit_of_work():
        a_patient()

    assert count(Patient) == 1


@pytest.mark.both_databases
def test_rolling_back_leaves_no_row_no_event_no_delivery_and_no_call(published: list[Any]) -> None:
    heard: list[Any] = []
    event_bus.subscribe("patient.created", heard.append)

    with pytest.raises(ZeroDivisionError), unit_of_work():
        a_patient()
        raise ZeroDivisionError

    assert (count(Patient), count(StoredEvent), count(Delivery)) == (0, 0, 0)
    assert heard == published == []


def test_a_rollback_logs_no_publish(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ZeroDivisionError), unit_of_work():
        a_patient()
        raise ZeroDivisionError

    assert "published" not in caplog.text


def test_handlers_run_after_the_outermost_commit_in_the_order_of_publishing() -> None:
    heard: list[str] = []
    event_bus.subscribe("patient.created", lambda data: heard.append(data["patient_id"]))

    with unit_of_work():
        first = a_patient()
        with unit_of_work():
            second = a_patient()
        assert heard == []

    assert heard == [str(first.id), str(second.id)]


def test_an_error_in_an_inner_unit_dooms_the_outer_one_even_if_it_is_caught() -> None:
    with pytest.raises(UnitOfWorkDoomed), unit_of_work():
        a_patient()
        with pytest.raises(ZeroDivisionError), unit_of_work():
            raise ZeroDivisionError

    assert count(Patient) == 0


def test_a_dirty_session_is_refused() -> None:
    patient = a_patient()
    patient.given_name = "Changed outside"

    with pytest.raises(RuntimeError, match="outside a unit of work"), unit_of_work():
        pass


def test_a_flush_outside_a_unit_of_work_is_refused() -> None:
    patient = a_patient()
    patient.given_name = "Changed outside"

    with pytest.raises(OutsideUnitOfWork):
        db.session.flush()


@pytest.mark.both_databases
@pytest.mark.parametrize("end", ["commit", "rollback", "close"])
def test_ending_the_transaction_from_inside_is_refused_and_nothing_is_stored(end: str) -> None:
    with pytest.raises(UnitOfWorkDoomed), unit_of_work():
        a_patient()
        with pytest.raises(UnitOfWorkOpen):
            getattr(db.session, end)()

    assert count(Patient) == 0


@pytest.mark.both_databases
def test_a_transaction_ended_behind_the_session_is_noticed() -> None:
    with pytest.raises(UnitOfWorkOpen), unit_of_work():
        transaction = db.session().get_transaction()
        assert transaction is not None
        transaction.rollback()

    assert count(Patient) == 0


@pytest.mark.both_databases
def test_a_raw_rollback_is_noticed() -> None:
    with pytest.raises(UnitOfWorkOpen), unit_of_work():
        a_patient()
        db.session.connection().exec_driver_sql("ROLLBACK")

    db.session.remove()
    assert count(Patient) == 0


def test_a_bulk_update_outside_a_unit_of_work_is_refused() -> None:
    a_patient()

    with pytest.raises(OutsideUnitOfWork):
        db.session.execute(update(Patient).values(pronouns="they"))


def test_an_event_is_stored_with_the_actor_who_published_it_not_the_one_who_commits() -> None:
    with unit_of_work(), as_actor("import:file"):
        a_patient(email=None)

    assert db.session.scalars(select(StoredEvent.actor)).one() == "import:file"


def test_rows_are_usable_after_the_commit_without_being_read_again() -> None:
    patient = a_patient(family_name="Weiß")

    assert not db.session().get_transaction()
    assert patient.family_name == "Weiß"


@pytest.mark.both_databases
def test_a_row_read_before_is_read_afresh_in_a_unit_of_work(here: Here, clinic: Clinic) -> None:
    patient = a_patient(given_name="Old")
    with here(), unit_of_work():
        other = db.session.get(Patient, patient.id)
        assert other is not None
        other.given_name = "New"

    with unit_of_work():
        assert patient.given_name == "New"


def test_a_kept_row_is_read_once_in_a_transaction_and_again_in_the_next(here: Here) -> None:
    patient_id = a_patient(given_name="Old").id

    def given_name() -> str | None:
        patient = db.session.get_one(Patient, patient_id)
        keep_loaded(patient)
        return patient.given_name

    assert given_name() == "Old"
    with here(), unit_of_work():
        db.session.get_one(Patient, patient_id).given_name = "New"

    assert given_name() == "Old"
    db.session.commit()
    assert given_name() == "New"


@pytest.mark.both_databases
def test_a_version_changed_by_another_session_is_not_overwritten(here: Here) -> None:
    patient = a_patient()

    with pytest.raises(StaleDataError), unit_of_work():
        assert patient.version == 1
        db.session.connection().execute(update(Patient).values(version=7))
        patient.given_name = "Mine"
        db.session.flush()


def test_an_undeclared_event_is_refused_where_it_is_published() -> None:
    with pytest.raises(UndeclaredEvent), unit_of_work():
        event_bus.publish("patient.sneezed", {})


@pytest.mark.both_databases
@pytest.mark.breadth
@pytest.mark.parametrize("data", [{}, {"patient_id": "1"}, CREATED | {"name": "Inês"}])
def test_wrong_keys_are_refused_where_they_are_published(data: dict[str, Any]) -> None:
    with pytest.raises(UndeclaredEvent), unit_of_work():
        event_bus.publish("patient.created", data)


@pytest.mark.both_databases
@pytest.mark.breadth
@pytest.mark.parametrize("value", [float("nan"), float("inf"), uuid4(), {1, 2}])
def test_values_that_are_no_json_are_refused_where_they_are_published(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)), unit_of_work():
        event_bus.publish("patient.created", CREATED | {"patient_id": value})


def test_an_event_keeps_what_it_was_published_with() -> None:
    data = dict(CREATED)
    with unit_of_work():
        event_bus.publish("patient.created", data)
        data["patient_id"] = "changed"
        event_bus.unsubscribe("patient.created", event_bus.handlers("patient.created")[0])

    assert db.session.scalars(select(StoredEvent)).one().data == CREATED


def test_outside_a_unit_of_work_an_event_is_delivered_at_once_and_not_stored() -> None:
    heard: list[Any] = []
    event_bus.subscribe("anything.at.all", heard.append)

    event_bus.publish("anything.at.all", {"a": 1})

    assert heard == [{"a": 1}]
    assert count(StoredEvent) == 0


def test_the_clinic_can_not_change_inside_a_unit_of_work(clinic: Clinic) -> None:
    with pytest.raises(RuntimeError, match="inside a unit of work"), unit_of_work(), clinic_scope(clinic.id):
        pass


def test_a_callback_runs_once_after_the_commit_and_not_after_a_rollback() -> None:
    done: list[int] = []

    def call() -> None:
        done.append(1)

    with pytest.raises(ZeroDivisionError), unit_of_work():
        after_commit(call)
        raise ZeroDivisionError
    with unit_of_work():
        after_commit(call)
        after_commit(call)
        assert done == []

    assert done == [1]


@pytest.mark.expects_failing_handler
def test_an_error_after_the_commit_is_logged_without_its_message(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise ValueError("Inês Pereira")

    with unit_of_work():
        after_commit(fail)

    assert "after_commit_failed error=ValueError" in caplog.text
    assert "Pereira" not in caplog.text


@pytest.mark.slow
def test_units_of_work_of_several_threads_wait_for_each_other(app: Flask, here: Here) -> None:
    failed: list[BaseException] = []

    def register() -> None:
        try:
            with here():
                for _ in range(5):
                    a_patient()
        except BaseException as error:
            failed.append(error)

    threads = [Thread(target=register) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert sorted(db.session.scalars(select(Patient.mrn))) == [f"P-{number:06d}" for number in range(1, 21)]


@pytest.mark.row(89)
@on_sqlite_only
def test_a_locked_database_is_an_error_and_changes_nothing(app: Flask, here: Here) -> None:
    app.config["LOCK_TIMEOUT_MS"], before = 50, app.config["LOCK_TIMEOUT_MS"]
    db.session.remove()
    db.engine.dispose()

    with unit_of_work(), pytest.raises(OperationalError):
        failed_in_another_thread(here)

    app.config["LOCK_TIMEOUT_MS"] = before
    db.session.remove()
    db.engine.dispose()
    assert count(Patient) == 0


def failed_in_another_thread(here: Here) -> None:
    """Raise here what registering a patient raises there."""
    raised: list[BaseException] = []

    def register() -> None:
        try:
            with here():
                a_patient()
        except OperationalError as error:
            raised.append(error)

    thread = Thread(target=register)
    thread.start()
    thread.join()
    raise raised[0]


def test_a_unit_of_work_inside_a_bare_write_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="open already"), write_transaction(), unit_of_work():
        pass


def test_an_event_published_into_a_unit_of_work_that_has_ended_is_refused() -> None:
    with unit_of_work():
        a_patient(email=None)
        inside = copy_context()

    with pytest.raises(RuntimeError, match="has ended"):
        inside.run(event_bus.publish, "patient.created", CREATED)

    assert count(StoredEvent) == 1


def test_a_handler_of_a_stored_event_sees_its_envelope() -> None:
    events: list[EventEnvelope | None] = []
    event_bus.subscribe("patient.created", lambda data: events.append(current_event()))

    patient = a_patient()

    stored = db.session.scalars(select(StoredEvent)).one()
    assert events == [stored.envelope]
    assert (stored.subject_id, stored.subject_version) == (patient.id, patient.version)
    assert current_event() is None
