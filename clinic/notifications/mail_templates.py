"""What is written in each message, in the patient's language."""

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time, get_timezone_name
from flask import render_template

from clinic.appointments.service import appointment_service, practitioner_service
from clinic.billing.service import billing_service
from clinic.core.mail.message import compose, mail_address
from clinic.identity.models import Clinic
from clinic.notifications.service import Notification
from clinic.patients.service import Patient

LANGUAGES = ("en", "de", "pt")


@dataclass(frozen=True)
class RenderedMail:
    """A message in words: a subject and paragraphs."""

    language: str
    subject: str
    paragraphs: list[str]

    @property
    def text(self) -> str:
        """The paragraphs as plain text."""
        return "\n\n".join(self.paragraphs) + "\n"


def render_mail(notification: Notification, patient: Patient, clinic: Clinic) -> RenderedMail:
    """Write a message from its template: the first line is the subject, paragraphs are apart by empty lines."""
    language = _language(patient, clinic)
    facts = _FACTS[notification.kind](notification.about_id, clinic, language)
    written = render_template(f"letters/{language}/{notification.kind}.txt", patient=patient, clinic=clinic, **facts)
    subject, _, body = written.partition("\n")
    paragraphs = [" ".join(part.split()) for part in body.split("\n\n")]
    return RenderedMail(language, subject.strip(), [part for part in paragraphs if part])


def compose_mail(letter: RenderedMail, notification: Notification, patient: Patient, clinic: Clinic) -> EmailMessage:
    """Return a letter as a mail with a text and an HTML part."""
    return compose(
        mail_address(patient.calling_name, patient.email or ""),
        message_id=notification.id,
        sender_name=clinic.name,
        subject=letter.subject,
        text=letter.text,
        html=render_template("letters/layout.html", letter=letter, clinic=clinic),
        language=letter.language,
    )


def _language(patient: Patient, clinic: Clinic) -> str:
    wished = [(patient.language or "").partition("-")[0], clinic.language]
    return next((language for language in wished if language in LANGUAGES), LANGUAGES[0])


def _about_patient(_about: UUID, _clinic: Clinic, _language: str) -> dict[str, Any]:
    return {}


def _about_appointment(about: UUID, clinic: Clinic, language: str) -> dict[str, Any]:
    appointment = appointment_service.get(about)
    practitioner = practitioner_service.get(appointment.practitioner_id)
    return {"when": _when(appointment.starts_at, clinic, language), "practitioner": practitioner}


def _about_invoice(about: UUID, _clinic: Clinic, language: str) -> dict[str, Any]:
    invoice = billing_service.get(about)
    return {"number": invoice.number, "amount": invoice.total.format(language)}


_FACTS = {
    "welcome": _about_patient,
    "confirmation": _about_appointment,
    "cancellation": _about_appointment,
    "receipt": _about_invoice,
}


def _when(moment: datetime, clinic: Clinic, language: str) -> str:
    """Return a day and time on the clinic's clocks, naming the zone."""
    zone = ZoneInfo(clinic.zone)
    there = moment.astimezone(zone)
    day, time = format_date(there.date(), "full", language), format_time(there, "short", zone, language)
    return f"{day}, {time} ({get_timezone_name(there, locale=language)})"
