"""Plans of the log on SQLite: what is shown of few messages among many does not read all of them."""

import pytest

from clinic.core.mail.queue import SENT
from clinic.notifications.log import GROUPS, message_log
from tests.databases import on_sqlite_only
from tests.load.bench_notifications import analyse
from tests.load.many_messages import book_visits, fill, plans

pytestmark = [pytest.mark.usefixtures("inside"), pytest.mark.slow]

OF_PATIENT = "INDEX ix_notifications_patient (clinic_id=? AND patient_id=?"
WHOLE_LOG = "notifications USING INDEX ix_notifications_log (clinic_id=?)"


@pytest.fixture
def many(inside):
    """Many messages of a hundred patients."""
    fill(book_visits(), 5000)
    analyse()


def steps(read):
    """Return the steps of the plans of a read that concern messages."""
    return [step for plan in plans(read) for step in plan if " notifications " in step]


@on_sqlite_only
def test_messages_of_a_channel_or_a_state_are_found_without_the_whole_log_and_of_a_patient_in_an_index_of_theirs(many):
    of_channel = steps(lambda: message_log.list(channel="phone"))
    of_state = steps(lambda: message_log.list(state=SENT))
    patient_id = message_log.list(limit=1).rows[0].patient_id
    shown = steps(lambda: message_log.list(patient_id=patient_id))
    counted = steps(lambda: message_log.counts(patient_id=patient_id))

    assert of_channel
    assert of_state
    assert [step for step in of_channel + of_state if WHOLE_LOG in step] == []
    assert (len(shown), len(counted)) == (1, len(GROUPS))
    assert [step for step in shown + counted if OF_PATIENT not in step] == []
