"""Sending a message by a channel of the desk as well: a call, or a letter."""

from uuid import UUID

from sqlalchemy import select

from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work
from clinic.notifications.channels import CHANNELS
from clinic.notifications.decisions import lock_message
from clinic.notifications.errors import ChannelRefused
from clinic.notifications.kinds import KINDS
from clinic.notifications.models import Notification
from clinic.notifications.payers import is_to_other_payer
from clinic.patients.service import consent_service, patient_service, topic_label

_SAME = ("kind", "about_id", "about_version", "offset_minutes")
"""What two messages have in common that say the same by different channels."""


def send_by(notification_id: UUID, *, channel: str) -> Notification:
    """Queue what a message says once more by a channel of the desk, if the patient agreed to it; return that one.

    :raises NotificationNotFound: if there is none of that id
    :raises ChannelRefused: if the patient did not agree to the channel, or can't be reached by it, or if it is for
        somebody else who pays an invoice: on record is how to reach the patient
    """
    with unit_of_work():
        message = lock_message(notification_id)
        _check_channel(message, channel)
        same = {name: getattr(message, name) for name in _SAME}
        matching = (getattr(Notification, name) == value for name, value in same.items())
        wanted = select(Notification).where(*matching, Notification.channel == channel)
        found: Notification | None = db.session.scalar(wanted)
        if found is None:
            found = Notification(**same, patient_id=message.patient_id, about_at=message.about_at, channel=channel)
            db.session.add(found)
            db.session.flush()
    return found


def _check_channel(message: Notification, channel: str) -> None:
    """Check that a patient agreed to a channel and can be reached by it.

    :raises ChannelRefused: if not
    """
    if is_to_other_payer(message):
        raise ChannelRefused(f"{CHANNELS[channel].label}: the message is for who pays the invoice, not for the patient")
    purpose = KINDS[message.kind].purpose
    if not consent_service.state(message.patient_id, purpose, channel).allowed:
        raise ChannelRefused(f"There is no consent to {topic_label((purpose, channel))}")
    if not CHANNELS[channel].can_reach(patient_service.get(message.patient_id)):
        raise ChannelRefused(f"{CHANNELS[channel].label}: nothing to reach the patient by is on record")
