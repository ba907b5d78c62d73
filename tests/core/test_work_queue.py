"""Work queues: what is due is claimed by one worker, retried after growing pauses, and given up in the end."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work
from clinic.core.work_queue import _STOPPING, LeaseLost, RetryPolicy, stop_claiming
from clinic.identity.mail_queue import staff_mail_queue
from clinic.identity.models import StaffMail
from clinic.notifications.mail_queue import notification_queue
from clinic.notifications.models import Notification
from tests.builders import a_patient

pytestmark = pytest.mark.usefixtures("inside")


def set_columns(**values: object) -> None:
    """Change every notification, unaudited."""
    with unit_of_work():
        db.session.connection().execute(update(Notification).values(**values))


def test_pauses_grow_by_the_factor_with_jitter_up_to_the_longest() -> None:
    policy = RetryPolicy(10, timedelta(seconds=10), factor=4, longest_pause=timedelta(hours=1))

    pauses = [[policy.pause_after(attempts).total_seconds() for _ in range(50)] for attempts in (1, 3, 60)]

    assert all(5 <= pause <= 15 for pause in pauses[0])
    assert all(80 <= pause <= 240 for pause in pauses[1])
    assert all(1800 <= pause <= 3600 for pause in pauses[2])
    assert all(len(set(some)) > 1 for some in pauses)


def test_nothing_is_claimed_from_an_empty_queue() -> None:
    assert not notification_queue.is_due()
    assert notification_queue.claim() is None


def test_a_claimed_row_is_not_due_until_its_lease_has_ended() -> None:
    a_patient()
    row = notification_queue.claim()
    assert row
    assert not notification_queue.is_due()
    assert not notification_queue.is_due_in_any_clinic()

    set_columns(leased_until=now() - timedelta(seconds=1))

    assert notification_queue.is_due()
    assert notification_queue.is_due_in_any_clinic()
    again = notification_queue.claim()
    assert again
    assert (again.id, again.attempts) == (row.id, 2)
    assert again.lease != row.lease


def test_a_row_is_not_due_before_its_time() -> None:
    a_patient()
    set_columns(due_at=now() + timedelta(minutes=1))

    assert not notification_queue.is_due()
    assert notification_queue.claim() is None


def test_a_row_claimed_by_another_worker_can_not_be_changed() -> None:
    a_patient()
    slow = notification_queue.claim()
    set_columns(leased_until=now() - timedelta(seconds=1))
    fast = notification_queue.claim()
    assert slow
    assert fast

    with pytest.raises(LeaseLost), unit_of_work():
        notification_queue.change(slow, reason="slow")
    with unit_of_work():
        notification_queue.change(fast, reason="fast")

    assert db.session.scalars(select(Notification.reason)).one() == "fast"


def test_rows_with_the_fewest_attempts_are_claimed_first() -> None:
    first, second = a_patient(), a_patient()
    claimed = notification_queue.claim()
    assert claimed
    set_columns(leased_until=None)

    following = notification_queue.claim()

    assert following
    assert (claimed.patient_id, following.patient_id) == (first.id, second.id)


def test_the_number_of_the_attempt_is_the_lease_of_a_table_without_lease_columns() -> None:
    with unit_of_work():
        staff_mail_queue.queue("reset", member_id=None, clinic_id=None)
    slow = staff_mail_queue.claim()
    assert slow
    assert not staff_mail_queue.is_due()
    with unit_of_work():
        db.session.execute(update(StaffMail).values(due_at=now() - timedelta(seconds=1)))
    fast = staff_mail_queue.claim()
    assert fast

    with pytest.raises(LeaseLost), unit_of_work():
        staff_mail_queue.claimed(slow)
    with unit_of_work():
        assert staff_mail_queue.claimed(fast).id == fast.id


def test_an_application_that_is_shutting_down_claims_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.extensions, _STOPPING, False)
    a_patient()

    stop_claiming(app)

    assert notification_queue.is_due()
    assert notification_queue.claim() is None


def test_asking_whether_a_row_is_due_does_not_write() -> None:
    a_patient()
    before = db.session.scalars(select(Notification.attempts)).all()

    assert notification_queue.is_due()

    assert not db.session().info.get("writing")
    assert db.session.scalars(select(Notification.attempts)).all() == before == [0]
