"""Email: written in the patient's language and sent by the configured sender."""

from clinic.core.mail.message import compose
from clinic.core.mail.senders import open_sender
from clinic.notifications.channels.base import Channel, HandOver
from clinic.notifications.models import Notification
from clinic.notifications.writing.mails import write_mail
from clinic.patients.service import Patient, recipient_of


class EmailChannel(Channel):
    """Mail to the patient, or to the guardian of a minor."""

    name, label, phrase, icon = "email", "Email", "by email", "mail"

    def address(self, patient: Patient) -> str | None:
        """Return the email address of the patient, or of the guardian."""
        recipient = recipient_of(patient)
        return recipient.email if recipient else None

    def deliver(self, message: Notification, hand_over: HandOver) -> str:
        """Write and send a mail."""
        mail = write_mail(message)
        with open_sender() as sender:
            return sender.send(compose(mail), lambda: hand_over(mail))
