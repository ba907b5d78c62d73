"""The worker's part: sending the letters to staff members that are due."""

import logging

from clinic.core.logging.error_summary import error_name, traceback_summary
from clinic.core.mail.senders import MaybeSent, NotSent, Sender, configured_sender
from clinic.identity.mail_queue import OutgoingMail, staff_mail_queue
from clinic.staff.mail_templates import compose_mail

_log = logging.getLogger("clinic.worker")


class LetterTaken(Exception):
    """Another worker has taken the letter over."""


def send_due() -> int:
    """Send the letters that are due; return how many were tried."""
    sender = configured_sender()
    tried = 0
    while letter := staff_mail_queue.claim_next():
        _send(letter, sender)
        tried += 1
    return tried


def _send(letter: OutgoingMail, sender: Sender) -> None:
    """Send one letter and note how it went, whatever happens."""

    def hand_over() -> None:
        if not staff_mail_queue.keep(letter):
            raise LetterTaken

    try:
        sender.send(compose_mail(letter), hand_over)
        staff_mail_queue.record_sent(letter)
        _log.info("sent letter=%s kind=%s", letter.id, letter.kind)
    except LetterTaken:
        _log.warning("lease_lost letter=%s", letter.id)
    except NotSent as error:
        _log.warning("letter_not_sent letter=%s reason=%s", letter.id, error.reason)
        staff_mail_queue.record_failure(letter, final=error.final)
    except MaybeSent:
        staff_mail_queue.record_unknown(letter)
    except Exception as error:  # noqa: BLE001 - one letter that can't be written keeps no other from being sent
        _log.error(
            "sending_failed letter=%s error=%s frames=%s", letter.id, error_name(error), traceback_summary(error)
        )
        staff_mail_queue.record_failure(letter, final=False)
