"""Previews of texts: as a made-up patient, or as somebody to whom such a message was queued, would read them."""

from collections.abc import Mapping
from uuid import UUID

from flask import current_app
from sqlalchemy import select

from clinic.core.audit import record_listing, record_view
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.identity.clinics import clinic_service
from clinic.notifications.models import Notification
from clinic.notifications.subjects import MessageSubject
from clinic.notifications.writing.dates import Region
from clinic.notifications.writing.facts import Facts, facts_of
from clinic.notifications.writing.languages import TemplateText, default_text
from clinic.notifications.writing.message_text import MessageText, placeholder_values, write_text
from clinic.notifications.writing.samples import SAMPLES, sample_facts, sample_links
from clinic.notifications.writing.template_service import TemplateKey, TemplateNotFound, check_placeholders
from clinic.patients.service import Recipient, patient_service

MOST_RECIPIENTS = 8


class UnknownReader(TemplateNotFound):
    """There is no such made-up patient, and no such message of the kind."""


class PreviewService:
    """What texts look like when they are sent."""

    def readers(self, kind: str) -> Mapping[str, str]:
        """Return the label of each reader as whom a message can be previewed, by the name or the message's id."""
        return {**SAMPLES, **_recipients(kind)}

    def write(self, key: TemplateKey, text: TemplateText, reader: str = "usual") -> MessageText:
        """Return a message with a text that may not be saved yet; its links change nothing.

        :raises InvalidInput: if it has placeholders that its kind does not have
        :raises UnknownReader: if there is no such reader
        """
        check_placeholders(key.kind, text.subject, text.text)
        facts = _facts(key.kind, reader)
        if text == default_text(key.kind, key.language):
            text = default_text(key.kind, key.language, guardian=facts.reader.is_guardian)
        return write_text(facts, key.language, text, sample_links(key.kind, current_app.config["PUBLIC_URL"]))

    def values(self, key: TemplateKey, reader: str = "usual") -> Mapping[str, str]:
        """Return the present value of every placeholder of a kind of message.

        :raises UnknownReader: if there is no such reader
        """
        facts = _facts(key.kind, reader)
        return placeholder_values(facts, Region(key.language, facts.sender.country))


preview_service = PreviewService()


def _facts(kind: str, reader: str) -> Facts:
    if reader in SAMPLES:
        return sample_facts(reader, kind, clinic_service.current())
    row = _message(kind, reader)
    subject = MessageSubject.of(row)
    patient = subject.patient
    record_view("notifications", row.id, patient.id)
    return facts_of(subject, subject.recipient or Recipient(patient.calling_name, None, patient.language))


def _message(kind: str, reader: str) -> Notification:
    try:
        found = db.session.get(Notification, UUID(reader))
    except ValueError as error:
        raise UnknownReader from error
    if found is None or found.kind != kind or not _may_see_recipients():
        raise UnknownReader
    return found


def _may_see_recipients() -> bool:
    return all(current_actor().has_permission(one) for one in ("patients:read", "notifications:read"))


def _recipients(kind: str) -> Mapping[str, str]:
    """Return the names of the patients to whom the latest messages of a kind were queued, by the message's id."""
    if not _may_see_recipients():
        return {}
    latest = select(Notification).where(Notification.kind == kind).order_by(Notification.id.desc())
    rows = db.session.scalars(latest.limit(MOST_RECIPIENTS)).all()
    patients = patient_service.get_many(row.patient_id for row in rows)
    record_listing("notifications", patients)
    return {str(row.id): f"{patients[row.patient_id].full_name}, {patients[row.patient_id].mrn}" for row in rows}
