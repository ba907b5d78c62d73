"""The periodic jobs that send messages to patients, and tests of their texts to staff members."""

from collections.abc import Callable
from typing import Any

from clinic.core.mail.queue import MailQueue
from clinic.core.mail.worker import deliver_due, send_due_mail
from clinic.core.tenancy import clinic_scope
from clinic.notifications.channels import channel_of
from clinic.notifications.channels.base import HandOver
from clinic.notifications.mail_queue import notification_queue
from clinic.notifications.models import Notification
from clinic.notifications.writing.trial_mails import test_mail_queue, write_test_mail


def send_due() -> int:
    """Send the due messages of every clinic; return how many were attempted."""
    return _in_each_clinic(notification_queue, lambda: deliver_due(notification_queue, _deliver))


def send_due_tests() -> int:
    """Send the due test mails of every clinic; return how many were attempted."""
    return _in_each_clinic(test_mail_queue, lambda: send_due_mail(test_mail_queue, write_test_mail))


def _in_each_clinic(queue: MailQueue[Any], send: Callable[[], int]) -> int:
    """Send what is due in each clinic with due mail; return how many were attempted."""
    attempted = 0
    for clinic_id in queue.due_clinics():
        with clinic_scope(clinic_id):
            attempted += send()
    return attempted


def _deliver(message: Notification, hand_over: HandOver) -> str:
    """Deliver a claimed message by its channel, and return what was answered."""
    return channel_of(message.channel).deliver(message, hand_over)
