"""How a message came to be worded and allowed: its language, its template, and the patient's consent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from clinic.notifications.kinds import KINDS
from clinic.notifications.models import Notification
from clinic.notifications.payers import is_to_other_payer
from clinic.notifications.stored_mail import StoredMail
from clinic.notifications.subjects import MessageSubject
from clinic.notifications.writing.languages import LANGUAGES, choose_language
from clinic.notifications.writing.template_service import CHANNELS, Template, TemplateKey, template_service
from clinic.patients.service import Patient, consent_service, topic_label

ANSWERS: Mapping[str, str] = {
    "yes": "yes",
    "by-registration": "yes, by registration",
    "no": "no",
    "withdrawn": "withdrawn",
    "not-asked": "not asked",
}
"""What is on record about a purpose and a channel, after its name."""


@dataclass(frozen=True)
class ConsentFact:
    """What the patient, or a payer who is one too, agreed to: `Care messages by email: yes`, and on which day."""

    text: str
    allowed: bool
    answered_on: date | None


@dataclass(frozen=True)
class MessageFacts:
    """The language of a message, the template that is used for such messages now, and the consent to them now.

    `is_newer_template` is whether the template was changed after the message was sent.
    """

    language: str | None = None
    template: Template | None = None
    is_newer_template: bool = False
    consent: ConsentFact | None = None


def facts_about(message: Notification, patient: Patient, mail: StoredMail | None) -> MessageFacts:
    """Return how a message came to be worded and allowed, in two queries; nothing of a kind that is not sent any more.

    A message of the desk's channels has no template.
    """
    if message.kind not in KINDS:
        return MessageFacts()
    tag = mail.header("Content-Language") if mail else None
    code = choose_language(tag) if tag else None
    template = None
    if code is not None and message.channel in CHANNELS:
        template = template_service.get(TemplateKey(message.kind, message.channel, code))
    changed_at = template.updated_at if template else None
    is_newer = bool(message.sent_at and changed_at and changed_at > message.sent_at)
    return MessageFacts(code and LANGUAGES[code], template, is_newer, _consent(message, patient))


def _consent(message: Notification, patient: Patient) -> ConsentFact:
    purpose = KINDS[message.kind].purpose
    if is_to_other_payer(message):
        found = MessageSubject.of(message).consent
    else:
        found = consent_service.states([patient], purpose, message.channel)[patient.id]
    label = topic_label((purpose, message.channel))
    return ConsentFact(f"{label[:1].upper()}{label[1:]}: {ANSWERS[found.state]}", found.allowed, found.answered_on)
