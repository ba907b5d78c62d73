"""What patients stop through the link in a message: messages of one purpose, or all that a program sends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from clinic.core.errors import Conflict, StaleVersion
from clinic.identity.clinics import clinic_service
from clinic.identity.models import Clinic
from clinic.notifications.kinds import KINDS
from clinic.notifications.links.opening import OpenLink, patient_of
from clinic.notifications.links.visit_states import is_recent
from clinic.notifications.service import notification_service
from clinic.patients.service import LINK, Recipient, consent_service, recipient_of

PURPOSES = ("reminders", "recalls", "news", "care")
"""The purposes in the order in which their messages can be stopped: those that matter most for a visit are the last."""

ALL = "all"
EMAIL = "email"
WRITTEN = (EMAIL, "sms")
"""The channels of messages that a program sends; phone calls and letters go on."""

UNDO_WINDOW = timedelta(minutes=10)


@dataclass(frozen=True)
class Preferences:
    """The purposes of the messages that a patient gets by email, and those that were just stopped through a link.

    `version` is that of the consent, `purpose` that of the message, `name` the given name of a minor whose guardian
    gets them.
    """

    clinic: Clinic
    recipient: Recipient | None
    purpose: str
    wanted: Sequence[str]
    stopped: Sequence[str]
    version: int
    name: str | None = None


class PreferenceService:
    """The consent that patients withdraw through a link, on record with the link as its source."""

    def get(self, link: OpenLink) -> Preferences:
        """Return which messages a patient gets by email."""
        patient = patient_of(link)
        consent = consent_service.get(patient.id)
        message = notification_service.get(link.notification_id)
        allowed = {one.purpose for one in consent.answers if one.allowed and one.channel == EMAIL}
        just_now = {
            one.purpose
            for one in consent.answers
            if one.source == LINK
            and one.channel == EMAIL
            and not one.allowed
            and is_recent(one.recorded_at, UNDO_WINDOW)
        }
        recipient = recipient_of(patient)
        return Preferences(
            clinic_service.current(),
            recipient,
            KINDS[message.kind].purpose,
            [purpose for purpose in PURPOSES if purpose in allowed],
            [purpose for purpose in PURPOSES if purpose in just_now],
            consent.version,
            (patient.given_name or patient.calling_name) if recipient is None or recipient.is_guardian else None,
        )

    def stop(self, link: OpenLink, what: str | None = None) -> None:
        """Record that the patient wants no more messages of a purpose, or none (`all`); without, of the message's own.

        Once is enough: what is stopped already is not recorded again.
        """
        purpose = what or KINDS[notification_service.get(link.notification_id).kind].purpose
        purposes, channels = (PURPOSES, WRITTEN) if purpose == ALL else ((purpose,), (EMAIL,))
        answers = {(one, channel): False for one in purposes for channel in channels}
        consent_service.record(patient_of(link).id, answers, source=LINK)

    def take_back(self, link: OpenLink, version: int) -> None:
        """Undo what was just stopped through a link; nothing else, so that a link revives no consent of earlier."""
        patient = patient_of(link)
        latest = consent_service.history(patient.id, limit=1).rows
        if not latest or latest[0].source != LINK or latest[0].change != version:
            return
        try:
            consent_service.undo(patient.id, version=version)
        except (StaleVersion, Conflict):
            return


preference_service = PreferenceService()
