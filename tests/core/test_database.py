"""A unit of work: one way in, one commit, then the news."""

from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import StaleDataError

from clinic.core.catalogue import UndeclaredEvent
from clinic.core.context import acting_as
from clinic.core.database import UnitOfWorkDoomed, db, unit_of_work, when_committed
from clinic.core.events import event_bus
from clinic.core.outbox import Delivery, StoredEvent
from clinic.core.sessions import OutsideUnitOfWork, UnitOfWorkOpen
from clinic.core.tenancy import in_clinic
from clinic.patients.models import Patient
from clinic.staff.service import Clinic
from tests.builders import a_patient
from tests.conftest import Here
from tests.databases import on_sqlite_only

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("inside")]

CREATED = {"patient_id": "1", "clinic_id": "2"}


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_unit_of_work_commits_the_change_and_its_event_together() -> None:
    with unit_of_work():
        a_patient()
        assert count(StoredEvent) == 0

    assert (count(Patient), count(StoredEvent), count(Delivery)) == (1, 1, 1)


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


@pytest.mark.parametrize("end", ["commit", "rollback", "close"])
def test_ending_the_transaction_from_inside_is_refused_and_nothing_is_stored(end: str) -> None:
    with pytest.raises(UnitOfWorkDoomed), unit_of_work():
        a_patient()
        with pytest.raises(UnitOfWorkOpen):
            getattr(db.session, end)()

    assert count(Patient) == 0


def test_a_transaction_ended_behind_the_session_is_noticed() -> None:
    with pytest.raises(UnitOfWorkOpen), unit_of_work():
        transaction = db.session().get_transaction()
        assert transaction is not None
        transaction.rollback()

    assert count(Patient) == 0


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


def test_an_event_is_stored_for_whoever_published_it_not_for_whoever_commits() -> None:
    with unit_of_work(), acting_as("import:file"):
        a_patient(email=None)

    assert db.session.scalars(select(StoredEvent.actor)).one() == "import:file"


def test_rows_are_usable_after_the_commit_without_being_read_again() -> None:
    patient = a_patient(family_name="Weiß")

    assert not db.session().get_transaction()
    assert patient.family_name == "Weiß"


def test_a_row_read_before_is_read_afresh_in_a_unit_of_work(here: Here, clinic: Clinic) -> None:
    patient = a_patient(given_name="Old")
    with here(), unit_of_work():
        other = db.session.get(Patient, patient.id)
        assert other is not None
        other.given_name = "New"

    with unit_of_work():
        assert patient.given_name == "New"


def test_a_version_that_somebody_else_has_changed_is_not_overwritten(here: Here) -> None:
    patient = a_patient()

    with pytest.raises(StaleDataError), unit_of_work():
        assert patient.version == 1
        db.session.connection().execute(update(Patient).values(version=7))
        patient.given_name = "Mine"
        db.session.flush()


def test_an_undeclared_event_is_refused_where_it_is_published() -> None:
    with pytest.raises(UndeclaredEvent), unit_of_work():
        event_bus.publish("patient.sneezed", {})


@pytest.mark.parametrize("data", [{}, {"patient_id": "1"}, CREATED | {"name": "Inês"}])
def test_wrong_keys_are_refused_where_they_are_published(data: dict[str, Any]) -> None:
    with pytest.raises(UndeclaredEvent), unit_of_work():
        event_bus.publish("patient.created", data)


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
    with pytest.raises(RuntimeError, match="inside a unit of work"), unit_of_work(), in_clinic(clinic.id):
        pass


def test_what_is_to_be_done_after_the_commit_is_done_once_and_not_after_a_rollback() -> None:
    done: list[int] = []

    def call() -> None:
        done.append(1)

    with pytest.raises(ZeroDivisionError), unit_of_work():
        when_committed(call)
        raise ZeroDivisionError
    with unit_of_work():
        when_committed(call)
        when_committed(call)
        assert done == []

    assert done == [1]


@pytest.mark.expects_failing_handler
def test_an_error_after_the_commit_is_logged_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise ValueError("Inês Pereira")

    with unit_of_work():
        when_committed(fail)

    assert "afterwards_failed error=ValueError" in caplog.text
    assert "Pereira" not in caplog.text


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
