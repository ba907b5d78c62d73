"""Mail to staff members, written from templates in their clinic's language."""

from flask import current_app, render_template

from clinic.core.mail.message import Mail, MailText
from clinic.identity.mail_queue import OutgoingMail, staff_mail_queue
from clinic.identity.models import StaffMail

LANGUAGES = ("en", "de", "pt")


def write_mail(row: StaffMail) -> Mail:
    """Return a claimed mail with a text and an HTML part, and with a new link.

    :raises NotToBeSent: if its recipient has left the clinic
    """
    mail = staff_mail_queue.prepare(row)
    language = mail.language if mail.language in LANGUAGES else LANGUAGES[0]
    link = _link(mail)
    text = MailText.parse(render_template(f"staff/mail/{language}/{mail.kind}.txt", mail=mail, link=link), language)
    return Mail(
        id=mail.id,
        recipient_name=mail.name,
        recipient_email=mail.email,
        sender_name=mail.clinic_name,
        subject=text.subject,
        text=text.text,
        html=render_template("mail/layout.html", text=text, link=link),
        language=language,
    )


def _link(mail: OutgoingMail) -> str:
    """Return the URL of a mail's link at the installation's public address, whatever address a request came to."""
    pages = current_app.url_map.bind("clinic")
    if mail.token:
        path = pages.build("staff.set_password", {"token": mail.token})
    else:
        path = pages.build("staff.forgotten" if mail.kind == "password-changed" else "staff.home")
    public: str = current_app.config["PUBLIC_URL"]
    return public.rstrip("/") + path
