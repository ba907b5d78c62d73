"""NotificationSettingsService: when the current clinic reminds its patients, and when it is quiet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict, Unpack
from uuid import UUID

from flask import current_app
from sqlalchemy import select

from clinic.appointments.service import service_catalogue
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.db.orm_session import prepared
from clinic.core.db.transaction import after_commit
from clinic.core.errors import InvalidInput, StaleVersion
from clinic.core.jobs import wake_worker
from clinic.core.recent import read_setting
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.notifications.models import NotificationSettings, ServiceReminders
from clinic.notifications.quiet_hours import QuietHours
from clinic.notifications.settings_rules import DEFAULT_OFFSETS, DEFAULT_QUIET_FROM, DEFAULT_QUIET_UNTIL

_DEFAULTS: Mapping[str, Any] = {
    "reminder_offsets": list(DEFAULT_OFFSETS),
    "payment_reminder_days": [],
    "quiet": True,
    "quiet_from": DEFAULT_QUIET_FROM,
    "quiet_until": DEFAULT_QUIET_UNTIL,
    "grace_seconds": None,
}


@dataclass(frozen=True)
class MessageSettings:
    """The settings of a clinic's messages; version 1 are the defaults of a clinic that never changed them.

    `id` is that of the row, or of the clinic without one. `reminder_offsets` are minutes before a visit, the longest
    first; `service_reminders` has those of the services that have their own. `payment_reminder_days` are days after an
    invoice was due, the first one first. Quiet hours are minutes after midnight in
    the clinic's time `zone`.
    """

    id: UUID
    version: int
    created_at: datetime | None
    updated_at: datetime | None
    reminder_offsets: Sequence[int]
    service_reminders: Mapping[UUID, Sequence[int]]
    payment_reminder_days: Sequence[int]
    quiet: bool
    quiet_from: int
    quiet_until: int
    grace_seconds: int | None
    zone: str

    @property
    def quiet_hours(self) -> QuietHours:
        """The quiet hours."""
        return QuietHours(self.quiet_from if self.quiet else None, self.quiet_until, self.zone)

    @property
    def grace(self) -> timedelta:
        """How long a message waits, so that what is undone meanwhile is not sent."""
        return _grace(self.grace_seconds)

    def offsets_of(self, service_id: UUID | None) -> Sequence[int]:
        """Return the reminders of a visit for a service, in minutes before it."""
        own = self.service_reminders.get(service_id) if service_id else None
        return self.reminder_offsets if own is None else own


class SettingsFields(TypedDict, total=False):
    """The settings that can be changed; a service whose reminders are None has those of the clinic."""

    reminder_offsets: Sequence[int]
    service_reminders: Mapping[UUID, Sequence[int] | None]
    payment_reminder_days: Sequence[int]
    quiet: bool
    quiet_from: int
    quiet_until: int
    grace_seconds: int | None


class NotificationSettingsService:
    """The settings of the messages of the current clinic."""

    def get(self) -> MessageSettings:
        """Return the settings, read in three queries at most."""
        return read_setting("messages", lambda: _settings(db.session.scalar(_OF_CLINIC)))

    def grace(self) -> timedelta:
        """Return how long a message waits, so that what is undone meanwhile is not sent; in one query."""
        return _grace(db.session.scalar(_GRACE_SECONDS))

    def update(self, *, version: int | None, **fields: Unpack[SettingsFields]) -> MessageSettings:
        """Change the given settings; planned messages follow at the next run of a worker.

        `version` is the one that was edited, None skips the check.

        :raises StaleVersion: if the settings have another version
        :raises InvalidInput: if quiet hours would begin when they end, or a service does not exist
        """
        with unit_of_work():
            clinic_service.lock()
            row = db.session.scalar(select(NotificationSettings).with_for_update())
            if version not in {None, _version(row)}:
                raise StaleVersion
            changed = _set_services(fields.pop("service_reminders", {}))
            row = row or _added()
            if changed:
                row.updated_at = now()
            for name, value in fields.items():
                setattr(row, name, value)
            if row.quiet_from == row.quiet_until:
                raise InvalidInput("Quiet hours can't begin when they end", field="quiet_until")
            db.session.flush()
            after_commit(wake_worker)
            return _settings(row)


settings_service = NotificationSettingsService()

_OF_CLINIC = prepared(select(NotificationSettings))
_OF_SERVICES = prepared(select(ServiceReminders))
_GRACE_SECONDS = prepared(select(NotificationSettings.grace_seconds))


def _settings(row: NotificationSettings | None) -> MessageSettings:
    values = {name: getattr(row, name) if row else default for name, default in _DEFAULTS.items()}
    own = db.session.scalars(_OF_SERVICES).all()
    return MessageSettings(
        id=row.id if row else clinic_service.current().id,
        version=_version(row),
        created_at=row.created_at if row else None,
        updated_at=row.updated_at if row else None,
        service_reminders={one.service_id: one.offsets for one in own},
        zone=clinic_service.current().zone,
        **values,
    )


def _grace(seconds: int | None) -> timedelta:
    return timedelta(seconds=current_app.config["MESSAGE_DELAY_SECONDS"] if seconds is None else seconds)


def _version(row: NotificationSettings | None) -> int:
    return row.version + 1 if row else 1


def _added() -> NotificationSettings:
    row = NotificationSettings(**_DEFAULTS)
    db.session.add(row)
    return row


def _set_services(wanted: Mapping[UUID, Sequence[int] | None]) -> bool:
    """Change the reminders of services; return whether any changed.

    :raises InvalidInput: if a service does not exist
    """
    if wanted.keys() != service_catalogue.names(wanted).keys():
        raise InvalidInput("There is no such service", field="service_reminders")
    known = {one.service_id: one for one in db.session.scalars(select(ServiceReminders))}
    changed = False
    for service_id, offsets in wanted.items():
        row = known.get(service_id)
        if offsets == (row and row.offsets):
            continue
        changed = True
        if offsets is None:
            db.session.delete(row)
        elif row is None:
            db.session.add(ServiceReminders(service_id=service_id, offsets=list(offsets)))
        else:
            row.offsets = list(offsets)
    return changed
