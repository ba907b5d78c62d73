"""The periodic job that sends messages to patients."""

from clinic.core.mail.worker import send_due_mail
from clinic.core.tenancy import clinic_scope
from clinic.notifications.mail_queue import notification_queue
from clinic.notifications.mail_templates import write_mail


def send_due() -> int:
    """Send the due messages of every clinic; return how many were attempted."""
    attempted = 0
    for clinic_id in notification_queue.due_clinics():
        with clinic_scope(clinic_id):
            attempted += send_due_mail(notification_queue, write_mail)
    return attempted
