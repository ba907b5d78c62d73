"""What is written to staff members, in their clinic's language."""

from dataclasses import dataclass
from email.message import EmailMessage

from flask import current_app, render_template

from clinic.core.mail.message import compose, mail_address
from clinic.identity.mail_queue import OutgoingMail

LANGUAGES = ("en", "de", "pt")


@dataclass(frozen=True)
class RenderedMail:
    """A letter in words: a subject and paragraphs, one of which may be a link."""

    language: str
    subject: str
    paragraphs: list[str]
    link: str

    @property
    def text(self) -> str:
        """The paragraphs as plain text."""
        return "\n\n".join(self.paragraphs) + "\n"


def render_mail(letter: OutgoingMail) -> RenderedMail:
    """Write a letter from its template: the first line is the subject, paragraphs are apart by empty lines."""
    language = letter.language if letter.language in LANGUAGES else LANGUAGES[0]
    link = _link(letter)
    written = render_template(f"staff/letters/{language}/{letter.kind}.txt", letter=letter, link=link)
    subject, _, body = written.partition("\n")
    paragraphs = [" ".join(part.split()) for part in body.split("\n\n")]
    return RenderedMail(language, subject.strip(), [part for part in paragraphs if part], link)


def compose_mail(letter: OutgoingMail) -> EmailMessage:
    """Return a letter as a mail with a text and an HTML part."""
    words = render_mail(letter)
    return compose(
        mail_address(letter.name, letter.email),
        message_id=letter.id,
        sender_name=letter.clinic_name,
        subject=words.subject,
        text=words.text,
        html=render_template("staff/letters/layout.html", words=words),
        language=words.language,
    )


def _link(letter: OutgoingMail) -> str:
    """Return where a letter leads, at the address that the installation was set up for, whoever asked from where."""
    pages = current_app.url_map.bind("clinic")
    if letter.token:
        path = pages.build("staff.set_password", {"token": letter.token})
    else:
        path = pages.build("staff.forgotten" if letter.kind == "password-changed" else "staff.home")
    public: str = current_app.config["PUBLIC_URL"]
    return public.rstrip("/") + path
