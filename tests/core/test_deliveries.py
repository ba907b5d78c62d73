"""Delivery of stored events: isolated, exactly once in its effect, retried, and given up in the end."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from clinic.core import unit_of_work as work
from clinic.core.audit import AuditEntry
from clinic.core.clock import now
from clinic.core.context import as_actor, current_actor
from clinic.core.db import db
from clinic.core.errors import Conflict, NotFound
from clinic.core.events import event_bus, types
from clinic.core.events.admin import event_log
from clinic.core.events.context import MAX_DEPTH
from clinic.core.events.delivery import RETRY
from clinic.core.events.models import Delivery, StoredEvent
from clinic.core.events.types import EventType
from clinic.core.ids import new_id
from clinic.core.tenancy import current_clinic_id_or_none
from clinic.core.unit_of_work import deliver_due, unit_of_work
from clinic.identity.models import Clinic
from clinic.notifications.models import Notification
from clinic.patients.models import Patient
from clinic.patients.service import patient_service
from tests.builders import a_patient, patient_fields
from tests.concurrency import run_at_once
from tests.fixtures import Here, Run

WELCOME = "clinic.notifications:NotificationsModule._on_patient_created"

calls: list[dict[str, Any]] = []


@pytest.fixture(autouse=True)
def _no_calls() -> None:
    calls.clear()


def raises(data: dict[str, Any]) -> None:
    raise ValueError("Inês Pereira has a secret")


def exits(data: dict[str, Any]) -> None:
    sys.exit("Inês Pereira")


def breaks_the_session(data: dict[str, Any]) -> None:
    db.session.add(Patient(mrn=None, family_name="Broken", sort_name="broken"))
    db.session.flush()


def hides_a_broken_session(data: dict[str, Any]) -> None:
    try:
        breaks_the_session(data)
    except Exception:
        return


def rolls_back(data: dict[str, Any]) -> None:
    db.session.rollback()


def hides_a_rollback(data: dict[str, Any]) -> None:
    try:
        db.session.rollback()
    except RuntimeError:
        return


def commits(data: dict[str, Any]) -> None:
    db.session.commit()


def removes_the_session(data: dict[str, Any]) -> None:
    db.session.remove()


def rolls_back_behind_the_session(data: dict[str, Any]) -> None:
    db.session.connection().exec_driver_sql("ROLLBACK")


def rolls_back_behind_the_session_and_changes_a_row(data: dict[str, Any]) -> None:
    patient = patient_service.get(data["patient_id"])
    rolls_back_behind_the_session(data)
    patient.pronouns = "not rolled back"


def changes_the_dict(data: dict[str, Any]) -> None:
    data.clear()
    data["patient_id"] = "somebody else"


def unspeakable(data: dict[str, Any]) -> None:
    class Unspeakable(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    raise Unspeakable


def writes_then_raises(data: dict[str, Any]) -> None:
    with unit_of_work():
        patient_service.update(patient_service.get(data["patient_id"]).id, version=None, pronouns="half-done")
    raise ValueError


def hears(data: dict[str, Any]) -> None:
    calls.append(data)


def publishes_again(data: dict[str, Any]) -> None:
    calls.append(data)
    a_patient(email=None)


FAILING = [
    raises,
    exits,
    breaks_the_session,
    hides_a_broken_session,
    rolls_back,
    hides_a_rollback,
    commits,
    removes_the_session,
    rolls_back_behind_the_session,
    rolls_back_behind_the_session_and_changes_a_row,
    unspeakable,
    writes_then_raises,
]


def states() -> dict[str, str]:
    """Return the state of every delivery by its handler's own name."""
    rows = db.session.execute(select(Delivery.handler, Delivery.state)).all()
    return {handler.rpartition(":")[2].rpartition(".")[2]: state for handler, state in rows}


def make_due() -> None:
    """Make every delivery due now."""
    with unit_of_work():
        db.session.execute(update(Delivery).values(next_attempt_at=now() - timedelta(seconds=1)))


def register_with(client: FlaskClient, handlers: Sequence[Any]) -> tuple[int, dict[str, Any]]:
    """Register a patient over JSON with these handlers subscribed before the usual ones."""
    subscribed = event_bus.handlers("patient.created")
    event_bus.clear()
    for handler in (*handlers, *subscribed):
        event_bus.subscribe("patient.created", handler)
    response = client.post("/api/v1/patients", json=patient_fields(email="ines@example.org"))
    body = response.get_json()
    return response.status_code, {
        name: value for name, value in body.items() if name not in {"id"} and "_at" not in name
    }


@pytest.mark.both_databases
@pytest.mark.breadth
@pytest.mark.row(86)
@pytest.mark.expects_failing_handler
@pytest.mark.parametrize("handler", FAILING)
def test_a_failing_handler_changes_nothing_for_the_publisher_and_other_handlers(
    client: FlaskClient, here: Here, failed_handlers: list[str], handler: Any
) -> None:
    status, body = register_with(client, [handler])

    with here():
        patient = db.session.scalars(select(Patient)).one()
        assert (status, body["mrn"], patient.version, patient.pronouns) == (201, "P-000001", 1, None)
        assert states() == {handler.__name__: "retrying", "_on_patient_created": "delivered"}
        assert db.session.scalars(select(Notification.state)).all() == ["queued"]
    assert len(failed_handlers) == 1


@pytest.mark.slow
@pytest.mark.expects_failing_handler
def test_the_reply_is_the_same_with_all_hostile_handlers_together(
    client: FlaskClient, here: Here, failed_handlers: list[str]
) -> None:
    alone = client.post("/api/v1/patients", json=patient_fields(email="ines@example.org"))

    status, body = register_with(client, [*FAILING, changes_the_dict])

    body.pop("possible_duplicates")
    expected = {name: value for name, value in alone.get_json().items() if name in body}
    assert (status, body) == (alone.status_code, expected | {"mrn": "P-000002"})
    assert len(failed_handlers) == len(FAILING)


@pytest.mark.slow
@pytest.mark.expects_failing_handler
def test_one_log_entry_for_each_failure_with_class_and_frames_and_no_personal_data(
    client: FlaskClient, failed_handlers: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    register_with(client, FAILING)

    for handler, line in zip(FAILING, failed_handlers, strict=True):
        assert f"handler={handler.__module__}:{handler.__name__} error=" in line
        assert "core/" in line.partition("frames=")[2]
    for secret in ("Pereira", "Inês", "ines@example.org", "1991"):
        assert secret not in caplog.text


@pytest.mark.expects_failing_handler
def test_the_failure_is_stored_with_class_and_frames_without_its_message(client: FlaskClient, here: Here) -> None:
    register_with(client, [raises])

    with here():
        failed = db.session.scalars(select(Delivery).where(Delivery.state == "retrying")).one()
    assert failed.last_error == "ValueError"
    assert "raises" in (failed.last_frames or "")
    assert "secret" not in (failed.last_frames or "")
    assert failed.lease is None
    assert failed.next_attempt_at > now()


def test_a_handler_that_changes_its_dict_changes_it_for_no_other_handler(client: FlaskClient, here: Here) -> None:
    register_with(client, [changes_the_dict, hears])

    with here():
        event = db.session.scalars(select(StoredEvent)).one()
    assert calls == [event.data]
    assert set(event.data) == {"patient_id", "clinic_id"}


@pytest.mark.both_databases
@pytest.mark.row(86)
@pytest.mark.expects_failing_handler
def test_what_a_failed_handler_wrote_is_gone(client: FlaskClient, here: Here) -> None:
    register_with(client, [writes_then_raises])

    with here():
        assert db.session.scalars(select(Patient.pronouns)).one() is None


@pytest.mark.expects_failing_handler
def test_a_failed_delivery_is_retried_until_it_is_done(client: FlaskClient, here: Here) -> None:
    register_with(client, [raises])
    event_bus.unsubscribe("patient.created", raises)
    event_bus.subscribe("patient.created", named_like(raises))

    with here():
        make_due()
        assert deliver_due() == 1
        assert states()["raises"] == "delivered"
    assert len(calls) == 1


def named_like(handler: Any) -> Any:
    """Return a handler that records its data, under the name of another one."""

    def stand_in(data: dict[str, Any]) -> None:
        hears(data)

    stand_in.__module__, stand_in.__qualname__ = handler.__module__, handler.__qualname__
    return stand_in


@pytest.mark.slow
@pytest.mark.row(86)
@pytest.mark.expects_failing_handler
def test_a_delivery_that_fails_too_often_is_dead_until_a_person_decides(client: FlaskClient, here: Here) -> None:
    register_with(client, [raises])

    with here():
        for _ in range(RETRY.attempts + 3):
            make_due()
            deliver_due()
        dead = db.session.scalars(select(Delivery).where(Delivery.state == "dead")).one()

    assert dead.attempts == RETRY.attempts


def test_pauses_grow_with_jitter_and_have_an_end() -> None:
    pauses = [[RETRY.pause_after(attempts).total_seconds() for _ in range(50)] for attempts in (1, 3, 60)]

    assert all(5 <= pause <= 15 for pause in pauses[0])
    assert all(20 <= pause <= 60 for pause in pauses[1])
    assert all(pause <= 9 * 3600 for pause in pauses[2])
    assert len(set(pauses[0])) > 1


@pytest.mark.expects_failing_handler
def test_a_delivery_is_not_attempted_before_it_is_due(client: FlaskClient, here: Here) -> None:
    register_with(client, [raises])

    with here():
        assert deliver_due() == 0


@pytest.mark.both_databases
def test_a_delivery_left_by_a_process_that_died_is_taken_over_after_its_lease(
    client: FlaskClient, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "run_handler", lambda attempt: None)
    client.post("/api/v1/patients", json=patient_fields(email="ines@example.org"))
    monkeypatch.undo()

    with here():
        assert deliver_due() == 0
        with time_machine.travel(datetime.now(UTC) + timedelta(seconds=61)):
            assert deliver_due() == 1
            assert deliver_due() == 0
        assert db.session.scalars(select(Notification.kind)).all() == ["welcome"]


@pytest.mark.both_databases
def test_a_handler_that_loses_its_lease_leaves_nothing_behind(
    client: FlaskClient,
    here: Here,
    app: Flask,
    caplog: pytest.LogCaptureFixture,
    request: pytest.FixtureRequest,
) -> None:
    request.node.add_marker("expects_failing_handler")
    stolen = new_id()

    def lose(data: dict[str, Any]) -> None:
        db.session.execute(update(Delivery).values(lease=stolen))
        patient_service.update(patient_service.get(data["patient_id"]).id, version=None, pronouns="late")

    lose.__qualname__ = "lose"
    register_with(client, [lose])

    with here():
        assert db.session.scalars(select(Patient.pronouns)).one() is None
        assert states()["lose"] == "pending"
    assert "LeaseLost" in caplog.text


@pytest.mark.both_databases
@pytest.mark.row(87)
def test_an_event_delivered_twice_has_its_effect_once(here: Here, client: FlaskClient) -> None:
    client.post("/api/v1/patients", json=patient_fields(email="ines@example.org"))

    with here():
        with unit_of_work():
            db.session.execute(update(Delivery).values(state="delivered"))
        assert deliver_due() == 0
        assert db.session.scalar(select(func.count(Notification.id))) == 1


def test_a_handler_without_a_stable_name_runs_but_is_not_stored(client: FlaskClient, here: Here) -> None:
    register_with(client, [lambda data: calls.append({**data})])

    with here():
        assert list(states()) == ["_on_patient_created"]
    assert len(calls) == 1


@pytest.mark.row(87)
@pytest.mark.expects_failing_handler
def test_a_delivery_without_a_subscribed_handler_is_retried_with_that_reason(client: FlaskClient, here: Here) -> None:
    register_with(client, [raises])
    event_bus.unsubscribe("patient.created", raises)

    with here():
        make_due()
        deliver_due()
        left = db.session.scalars(select(Delivery).where(Delivery.state == "retrying")).one()

    assert left.last_error == "handler not subscribed"


def test_an_event_without_handlers_is_stored_and_logged(client: FlaskClient, here: Here, published: list[Any]) -> None:
    event_bus.clear()

    client.post("/api/v1/patients", json=patient_fields())

    assert len(published) == 1
    with here():
        assert db.session.scalar(select(func.count(StoredEvent.id))) == 1
        assert db.session.scalar(select(func.count(Delivery.id))) == 0


def test_the_envelope_names_clinic_actor_request_and_subject(client: FlaskClient, here: Here, clinic: Clinic) -> None:
    client.post("/api/v1/patients", json=patient_fields(), headers={"X-Request-ID": "abc-123"})

    with here():
        event = db.session.scalars(select(StoredEvent)).one()
        patient = db.session.scalars(select(Patient)).one()
    assert (event.clinic_id, event.actor[:4], event.request_id, event.depth) == (clinic.id, "key:", "abc-123", 0)
    assert (event.subject_id, event.subject_version) == (patient.id, 1)


def test_a_handler_acts_in_the_events_clinic_and_for_its_actor(here: Here, other_clinic: Clinic) -> None:
    seen: list[Any] = []
    event_bus.subscribe(
        "patient.created",
        lambda _: seen.append((current_clinic_id_or_none(), (actor := current_actor()).actor, actor.request_id)),
    )

    with here(other_clinic.id), as_actor("cli:me@here", request_id="r-1"):
        a_patient()

    assert seen == [(other_clinic.id, "cli:me@here", "r-1")]


@pytest.mark.slow
@pytest.mark.expects_failing_handler
@pytest.mark.usefixtures("inside")
def test_handlers_that_publish_in_a_circle_are_cut_at_a_depth(failed_handlers: list[str]) -> None:
    event_bus.clear()
    event_bus.subscribe("patient.created", publishes_again)

    a_patient(email=None)

    assert len(calls) == MAX_DEPTH
    assert ["recursion_cut" in line for line in failed_handlers] == [True]
    assert db.session.scalar(select(func.max(StoredEvent.depth))) == MAX_DEPTH - 1


@pytest.mark.usefixtures("inside")
def test_a_keyboard_interrupt_in_a_handler_passes_and_its_delivery_is_not_lost() -> None:
    def interrupted(data: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    interrupted.__qualname__ = "interrupted"
    event_bus.subscribe("patient.created", interrupted)

    with pytest.raises(KeyboardInterrupt):
        a_patient()

    assert states() == {"_on_patient_created": "delivered", "interrupted": "pending"}


@pytest.mark.expects_failing_handler
def test_operators_list_show_retry_and_discard_deliveries(
    client: FlaskClient, clinic: Clinic, here: Here, run: Run
) -> None:
    register_with(client, [raises])
    with here():
        event_id = db.session.scalars(select(StoredEvent.id)).one()

    listed = run("events", "list", "--state", "retrying").stdout
    shown = run("events", "show", event_id, "--json").stdout

    assert "raises" in listed
    assert "ValueError" in listed
    assert '"actor": "key:' in shown
    assert run("events", "discard", event_id).exit_code == 0
    with here():
        assert states()["raises"] == "discarded"
    assert run("events", "discard", event_id).exit_code == 5
    assert run("events", "retry", event_id).exit_code == 0
    with here():
        assert states()["raises"] == "retrying"
        assert deliver_due() == 1
        acts = select(AuditEntry).where(AuditEntry.record_id == event_id).order_by(AuditEntry.id)
        noted = [(act.action, act.clinic_id, act.actor.partition(":")[0]) for act in db.session.scalars(acts)]
    assert noted == [(act, clinic.id, "cli") for act in ("event-discarded", "event-retried")]


def test_an_unknown_event_is_not_found(run: Run) -> None:
    result = run("events", "show", new_id())

    assert (result.exit_code, result.stderr) == (3, "Error: There is no such event\n")


@pytest.mark.usefixtures("inside")
def test_retrying_a_delivered_event_is_refused() -> None:
    a_patient()
    event_id = db.session.scalars(select(StoredEvent.id)).one()

    with pytest.raises(Conflict):
        event_log.retry(event_id)
    with pytest.raises(NotFound):
        event_log.get(new_id())


@pytest.mark.slow
@pytest.mark.row(88)
@pytest.mark.expects_failing_handler
def test_two_workers_at_once_run_each_due_delivery_once(app: Flask, clinic: Clinic, here: Here) -> None:
    event_bus.subscribe("patient.created", raises)
    with here():
        for _ in range(12):
            a_patient(email=None)
        make_due()
    event_bus.unsubscribe("patient.created", raises)
    event_bus.subscribe("patient.created", named_like(raises))

    outcomes = run_at_once(app, clinic.id, 3, lambda _: [deliver_due(limit=5) for _ in range(6)])

    assert outcomes == [None, None, None]
    assert len(calls) == len({data["patient_id"] for data in calls}) == 12


@pytest.mark.slow
@pytest.mark.row(88)
@pytest.mark.expects_failing_handler
def test_a_delivery_that_kills_its_worker_costs_no_other_an_attempt(
    app: Flask, client: FlaskClient, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "run_handler", lambda attempt: None)
    event_bus.clear()
    event_bus.subscribe("patient.created", hears)
    for _ in range(3):
        client.post("/api/v1/patients", json=patient_fields())
    monkeypatch.undo()
    poison = killed_by_the_first(monkeypatch)

    with here():
        for _ in range(RETRY.attempts + 3):
            with unit_of_work():
                db.session.execute(update(Delivery).values(leased_until=now() - timedelta(seconds=1)))
            with suppress(KeyboardInterrupt):
                deliver_due()
        rows = db.session.execute(select(Delivery.event_id, Delivery.state, Delivery.attempts)).all()

    assert {row.state for row in rows if row.event_id not in poison} == {"delivered"}
    assert [(row.state, row.attempts) for row in rows if row.event_id in poison] == [("dead", RETRY.attempts)]


def killed_by_the_first(monkeypatch: pytest.MonkeyPatch) -> set[Any]:
    """Make the delivery of the first event that is attempted end its worker each time, as a crash would."""
    poison: set[Any] = set()
    run_handler = work.run_handler

    def crash(attempt: Any) -> None:
        if not poison:
            poison.add(attempt.event.id)
        if attempt.event.id in poison:
            raise KeyboardInterrupt
        run_handler(attempt)

    monkeypatch.setattr(work, "run_handler", crash)
    return poison


@pytest.mark.usefixtures("inside")
def test_nested_data_of_a_stored_event_are_each_handlers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    nested = EventType("test.nested", frozenset({"numbers"}), "a test", "always")
    monkeypatch.setitem(types._declared, nested.name, nested)
    event_bus.subscribe("test.nested", lambda data: data["numbers"].append(9))
    event_bus.subscribe("test.nested", lambda data: seen.append(data["numbers"]))

    with unit_of_work():
        event_bus.publish("test.nested", {"numbers": [1]})

    assert seen == [[1]]
