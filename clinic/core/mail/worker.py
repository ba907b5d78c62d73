"""The mail worker: sends the due mail of any queue, composed at the time of sending."""

import logging
from collections.abc import Callable
from functools import partial

from clinic.core.logging.error_summary import error_name, traceback_summary
from clinic.core.mail.errors import MaybeSent, NotSent, NotYet
from clinic.core.mail.headers import UnsafeHeader
from clinic.core.mail.message import Mail, compose
from clinic.core.mail.queue import MailQueue, NotToBeSent, Row
from clinic.core.mail.senders import open_sender
from clinic.core.recent import recent_settings
from clinic.core.work_queue import LeaseLost

MOST_AT_ONCE = 100
"""How many mails one run of a job sends, so that a worker with a backlog does its other work in between."""

CONNECTION_BROKE = "the connection broke while the mail server had the message"

_log = logging.getLogger("clinic.worker")


def send_due_mail(queue: MailQueue[Row], write: Callable[[Row], Mail]) -> int:
    """Send the due mail of a queue, each written by the module's own function; return how many were attempted.

    `write` raises `NotToBeSent` if a mail is not to be sent any more and `NotYet` if only later, and so does the
    queue's `check_relevance` when the mail server is ready to accept it.
    """

    def deliver(row: Row, hand_over: Callable[[Mail], None]) -> str:
        mail = write(row)
        with open_sender() as sender:
            return sender.send(compose(mail), lambda: hand_over(mail))

    return deliver_due(queue, deliver)


def deliver_due(queue: MailQueue[Row], deliver: Callable[[Row, Callable[[Mail], None]], str]) -> int:
    """Deliver some of what is due in a queue, over one connection, and return how many were attempted.

    `deliver` returns what was answered; it calls its second argument with the content when it is about to be accepted.
    The settings of a clinic are read every two seconds.
    """
    attempted = 0
    with open_sender(), recent_settings():
        row = queue.claim()
        while row is not None:
            attempted += 1
            row = _attempt(queue, row, deliver, is_last=attempted == MOST_AT_ONCE)
    return attempted


def _attempt(
    queue: MailQueue[Row], row: Row, deliver: Callable[[Row, Callable[[Mail], None]], str], *, is_last: bool
) -> Row | None:
    """Deliver one row and record the outcome, whatever it is; return the next one, claimed, unless it is the last."""
    try:
        record = _delivered(queue, row, deliver)
        if not is_last:
            return queue.record_and_claim(row, record)
        record()
    except LeaseLost:
        _log.warning("lease_lost %s", queue.label(row))
        return None if is_last else queue.claim()
    return None


def _delivered(
    queue: MailQueue[Row], row: Row, deliver: Callable[[Row, Callable[[Mail], None]], str]
) -> Callable[[], None]:
    """Deliver one row and return how its outcome is recorded.

    :raises LeaseLost: if another worker has claimed the row
    """
    record: Callable[[], None]
    try:
        answer = deliver(row, lambda mail: queue.record_handover(row, mail))
    except NotToBeSent as error:
        record = partial(queue.record_suppressed, row, error.reason)
    except NotYet as error:
        record = partial(queue.record_postponed, row, error.reason, error.until)
    except NotSent as error:
        _log.warning("mail_not_sent %s reason=%s", queue.label(row), error.reason)
        record = partial(queue.record_failure, row, error.reason, final=error.final, answer=error.answer)
    except UnsafeHeader as error:
        _log.error("mail_refused %s reason=%s", queue.label(row), error.reason)
        record = partial(queue.record_failure, row, error.reason, final=True)
    except MaybeSent:
        record = partial(queue.record_unknown, row, CONNECTION_BROKE)
    except LeaseLost:
        raise
    except Exception as error:  # noqa: BLE001 - a mail that can't be written must not stop the others
        name = error_name(error)
        _log.error("mail_failed %s error=%s frames=%s", queue.label(row), name, traceback_summary(error))
        record = partial(queue.record_failure, row, f"an error in the program ({name})", final=False)
    else:
        record = partial(queue.record_sent, row, answer)
        _log.info("mail_sent %s", queue.label(row))
    return record
