"""Messages to patients, written from templates in the patient's language."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time, get_timezone_name
from flask import render_template

from clinic.appointments.service import appointment_service, practitioner_service
from clinic.billing.service import billing_service
from clinic.core.mail.message import Mail, MailText
from clinic.identity.clinics import clinic_service
from clinic.identity.models import Clinic
from clinic.notifications.models import Notification
from clinic.notifications.relevance import check_relevance
from clinic.patients.service import Patient, patient_service

LANGUAGES = ("en", "de", "pt")


def write_mail(notification: Notification) -> Mail:
    """Return a claimed message with a text and an HTML part, to the patient's present address.

    :raises NotToBeSent: if the patient has no address or has not consented, or it is not true any more
    :raises NotSent: if it has to wait for an earlier message
    """
    check_relevance(notification)
    patient, clinic = patient_service.get(notification.patient_id), clinic_service.current()
    text = render_text(notification, patient, clinic)
    return Mail(
        id=notification.id,
        recipient_name=patient.calling_name,
        recipient_email=str(patient.email),
        sender_name=clinic.name,
        subject=text.subject,
        text=text.text,
        html=render_template("mail/layout.html", text=text),
        language=text.language,
    )


def render_text(notification: Notification, patient: Patient, clinic: Clinic) -> MailText:
    """Return the text of a message in the patient's language."""
    language = _language(patient, clinic)
    details = _DETAILS[notification.kind](notification.about_id, clinic, language)
    template = f"notifications/mail/{language}/{notification.kind}.txt"
    return MailText.parse(render_template(template, patient=patient, clinic=clinic, **details), language)


def _language(patient: Patient, clinic: Clinic) -> str:
    preferred = [(patient.language or "").partition("-")[0], clinic.language]
    return next((language for language in preferred if language in LANGUAGES), LANGUAGES[0])


def _welcome_details(_about: UUID, _clinic: Clinic, _language: str) -> dict[str, Any]:
    return {}


def _appointment_details(about: UUID, _clinic: Clinic, language: str) -> dict[str, Any]:
    appointment = appointment_service.get(about)
    practitioner = practitioner_service.get(appointment.practitioner_id)
    return {"when": _when(appointment.starts_at, appointment.zone, language), "practitioner": practitioner}


def _invoice_details(about: UUID, _clinic: Clinic, language: str) -> dict[str, Any]:
    invoice = billing_service.get(about)
    return {"number": invoice.number, "amount": invoice.total.format(language)}


_DETAILS = {
    "welcome": _welcome_details,
    "confirmation": _appointment_details,
    "change": _appointment_details,
    "cancellation": _appointment_details,
    "receipt": _invoice_details,
}


def _when(moment: datetime, zone: str, language: str) -> str:
    """Return a day and time in a time zone, with its name.

    The zone is that of the appointment, which changes together with its time when the clinic's zone does.
    """
    local = moment.astimezone(ZoneInfo(zone))
    day, time = format_date(local.date(), "full", language), format_time(local, "short", local.tzinfo, language)
    return f"{day}, {time} ({get_timezone_name(local, locale=language)})"
