"""The periodic job that sends mail to staff members."""

from clinic.core.mail.worker import send_due_mail
from clinic.identity.mail_queue import staff_mail_queue
from clinic.staff.mail_templates import write_mail


def send_due() -> int:
    """Send the mail that is due; return how many were attempted."""
    return send_due_mail(staff_mail_queue, write_mail)
