"""The worker's part: sending the letters to staff members that are due."""

import logging

from clinic.core.failures import class_of, frames_of
from clinic.core.mail import MaybeSent, NotSent, Sender, configured_sender
from clinic.staff.letters import as_mail
from clinic.staff.service import OutgoingLetter, outgoing_letters

_log = logging.getLogger("clinic.worker")


class LetterTaken(Exception):
    """Another worker has taken the letter over."""


def send_due() -> int:
    """Send the letters that are due; return how many were tried."""
    sender = configured_sender()
    tried = 0
    while letter := outgoing_letters.claim_next():
        _send(letter, sender)
        tried += 1
    return tried


def _send(letter: OutgoingLetter, sender: Sender) -> None:
    """Send one letter and note how it went, whatever happens."""

    def hand_over() -> None:
        if not outgoing_letters.keep(letter):
            raise LetterTaken

    try:
        sender.send(as_mail(letter), hand_over)
        outgoing_letters.record_sent(letter)
        _log.info("sent letter=%s kind=%s", letter.id, letter.kind)
    except LetterTaken:
        _log.warning("lease_lost letter=%s", letter.id)
    except NotSent as error:
        _log.warning("letter_not_sent letter=%s reason=%s", letter.id, error.reason)
        outgoing_letters.record_failure(letter, final=error.final)
    except MaybeSent:
        outgoing_letters.record_unknown(letter)
    except Exception as error:  # noqa: BLE001 - one letter that can't be written keeps no other from being sent
        _log.error("sending_failed letter=%s error=%s frames=%s", letter.id, class_of(error), frames_of(error))
        outgoing_letters.record_failure(letter, final=False)
