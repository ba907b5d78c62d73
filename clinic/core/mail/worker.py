"""The mail worker: sends the due mail of any queue, composed at the time of sending."""

import logging
from collections.abc import Callable

from clinic.core.logging.error_summary import error_name, traceback_summary
from clinic.core.mail.headers import UnsafeHeader
from clinic.core.mail.message import Mail, compose
from clinic.core.mail.queue import MailQueue, NotToBeSent, Row
from clinic.core.mail.senders import MaybeSent, NotSent, Sender, configured_sender
from clinic.core.work_queue import LeaseLost

CONNECTION_BROKE = "the connection broke while the mail server had the message"

_log = logging.getLogger("clinic.worker")


def send_due_mail(queue: MailQueue[Row], write: Callable[[Row], Mail]) -> int:
    """Send the due mail of a queue, each written by the module's own function; return how many were attempted.

    `write` raises `NotToBeSent` if a mail is not to be sent any more, and so does the queue's `check_relevance` when
    the mail server is ready to accept it.
    """
    sender = configured_sender()
    attempted = 0
    while (row := queue.claim()) is not None:
        attempted += 1
        try:
            _attempt(queue, row, write, sender)
        except LeaseLost:
            _log.warning("lease_lost %s", queue.label(row))
    return attempted


def _attempt(queue: MailQueue[Row], row: Row, write: Callable[[Row], Mail], sender: Sender) -> None:
    """Send one mail and record the outcome, whatever it is."""
    try:
        mail = write(row)
        sender.send(compose(mail), lambda: queue.record_handover(row, mail))
    except NotToBeSent as error:
        queue.record_suppressed(row, error.reason)
    except NotSent as error:
        _log.warning("mail_not_sent %s reason=%s", queue.label(row), error.reason)
        queue.record_failure(row, error.reason, final=error.final)
    except UnsafeHeader as error:
        _log.error("mail_refused %s reason=%s", queue.label(row), error.reason)
        queue.record_failure(row, error.reason, final=True)
    except MaybeSent:
        queue.record_unknown(row, CONNECTION_BROKE)
    except LeaseLost:
        raise
    except Exception as error:  # noqa: BLE001 - a mail that can't be written must not stop the others
        name = error_name(error)
        _log.error("mail_failed %s error=%s frames=%s", queue.label(row), name, traceback_summary(error))
        queue.record_failure(row, f"an error in the program ({name})", final=False)
    else:
        queue.record_sent(row)
        _log.info("mail_sent %s", queue.label(row))
