"""The worker's part: sending what is due."""

import logging

from clinic.core.logging.error_summary import error_name, traceback_summary
from clinic.core.mail.senders import MaybeSent, NotSent, Sender, configured_sender
from clinic.core.tenancy import clinic_scope
from clinic.identity.clinics import clinic_service
from clinic.notifications.mail_templates import compose_mail, render_mail
from clinic.notifications.service import NO_ADDRESS, NO_CONSENT, Notification, notification_service
from clinic.patients.service import patient_service

_log = logging.getLogger("clinic.worker")


class LeaseLost(Exception):
    """Another worker has taken the message over."""


def send_due() -> int:
    """Send the due messages of every clinic; return how many were tried."""
    sender = configured_sender()
    clinics = [clinic.id for clinic in clinic_service.list()]
    tried = 0
    for clinic_id in clinics:
        with clinic_scope(clinic_id):
            while notification := notification_service.claim_next():
                _send(notification, sender)
                tried += 1
    return tried


def _send(notification: Notification, sender: Sender) -> None:
    """Send one message and note how it went, whatever happens."""
    try:
        _try_to_send(notification, sender)
    except LeaseLost:
        _log.warning("lease_lost notification=%s", notification.id)
    except NotSent as error:
        notification_service.record_failure(notification, error.reason, final=error.final)
    except MaybeSent:
        notification_service.record_unknown(notification, "the connection broke while the mail server had the message")
    except Exception as error:  # noqa: BLE001 - one message that can't be written keeps no other from being sent
        _log.error(
            "sending_failed notification=%s error=%s frames=%s",
            notification.id,
            error_name(error),
            traceback_summary(error),
        )
        notification_service.record_failure(notification, f"an error in the program ({error_name(error)})", final=False)


def _try_to_send(notification: Notification, sender: Sender) -> None:
    patient, clinic = patient_service.get(notification.patient_id), clinic_service.current()
    if not patient.email or not patient.messages_agreed:
        notification_service.record_suppressed(notification, NO_CONSENT if patient.email else NO_ADDRESS)
        return
    recipient = patient.email
    letter = render_mail(notification, patient, clinic)
    message = compose_mail(letter, notification, patient, clinic)

    def hand_over() -> None:
        if not notification_service.record_letter(
            notification, recipient=recipient, subject=letter.subject, body=letter.text
        ):
            raise LeaseLost

    sender.send(message, hand_over)
    if not notification_service.record_sent(notification):
        raise LeaseLost
    _log.info("sent notification=%s kind=%s", notification.id, notification.kind)
