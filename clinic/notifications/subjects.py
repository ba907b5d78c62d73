"""The records that a message is about, read as far as a check asks for them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from functools import cached_property
from uuid import UUID

from sqlalchemy import select

from clinic.appointments.service import Appointment, AppointmentHistory, appointment_service
from clinic.billing.service import Invoice, billing_service
from clinic.core.context import IMPORT
from clinic.core.db import db
from clinic.core.db.transaction import keep_loaded
from clinic.core.errors import ClinicError
from clinic.notifications.kinds import KINDS, TO_PAYER, Kind
from clinic.notifications.models import Notification
from clinic.notifications.payers import consenting_patient, has_other_payer, payer_recipient
from clinic.notifications.settings import MessageSettings, settings_service
from clinic.notifications.writing.template_service import template_service
from clinic.patients.service import (
    ConsentState,
    Patient,
    Recall,
    Recipient,
    consent_service,
    patient_service,
    recall_service,
    recipient_of,
)


def reminders_about(appointment_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Notification]]:
    """Return the reminders of some appointments, whatever their state, in one query."""
    about = (Notification.kind == "reminder", Notification.about_id.in_(appointment_ids))
    found: dict[UUID, list[Notification]] = defaultdict(list)
    rows = db.session.scalars(select(Notification).where(*about).execution_options(populate_existing=True))
    for row in sorted(rows, key=lambda one: one.id):  # the order in SQL would make SQLite read the index of all ids
        found[row.about_id].append(row)
    return found


def was_imported(appointment_id: UUID) -> bool:
    """Return whether an appointment was imported or is part of sample data: nobody is reminded of it."""
    moves = appointment_service.history(appointment_id)
    return bool(moves) and moves[0].actor.startswith(IMPORT)


def imported_among(appointment_ids: Collection[UUID]) -> Collection[UUID]:
    """Return which of some appointments were imported or are part of sample data, in one query."""
    booked = (AppointmentHistory.appointment_id.in_(appointment_ids), AppointmentHistory.from_status.is_(None))
    imported = select(AppointmentHistory.appointment_id).where(*booked, AppointmentHistory.actor.startswith(IMPORT))
    return set(db.session.scalars(imported)) if appointment_ids else ()


class MessageSubject:
    """What a message of a kind is about, by a channel; `row` is the message itself if there is one.

    Each record is read once, when it is first asked for. Reading one that does not exist raises its error.
    """

    def __init__(self, kind: str, about_id: UUID, channel: str = "email", row: Notification | None = None) -> None:
        self.kind: Kind = KINDS[kind]
        self.about_id, self.channel, self.row = about_id, channel, row

    @classmethod
    def of(cls, row: Notification) -> "MessageSubject":
        """Return what a message is about."""
        return cls(row.kind, row.about_id, row.channel, row)

    @classmethod
    def read_ahead(cls, row: Notification) -> None:
        """Read, in the transaction that claims a message, what every message is about: it is written next."""
        subject = cls.of(row)
        subject.read_patient()
        _ahead.set(subject)

    @classmethod
    def of_claimed(cls, row: Notification) -> "MessageSubject":
        """Return what a claimed message is about, as it was read with the claim; only once."""
        ahead = _ahead.get()
        _ahead.set(None)
        return ahead if ahead is not None and ahead.row is row else cls.of(row)

    def read_patient(self) -> None:
        """Read the patient to whom the message is, and what they answered, in one query unless somebody else may pay.

        A record that is not as it should be is left for the checks of the message.
        """
        with suppress(ClinicError):
            if self.kind.name in TO_PAYER:
                keep_loaded(self.patient, self.consent)
                return
            found = consent_service.state_with_patient(self.patient_id, self.kind.purpose, self.channel)
            self.__dict__["patient"], self.__dict__["consent"] = found
            keep_loaded(*found)

    @cached_property
    def appointment(self) -> Appointment:
        """The appointment, of a message about one."""
        appointment = appointment_service.get(self.about_id)
        keep_loaded(appointment)
        return appointment

    @cached_property
    def invoice(self) -> Invoice:
        """The invoice, of a message about one."""
        return billing_service.get(self.about_id)

    @cached_property
    def recall(self) -> Recall:
        """The recall, of a message about one."""
        return recall_service.get(self.about_id)

    @cached_property
    def patient_id(self) -> UUID:
        """The patient to whom the message is; it follows a merge."""
        if self.row is not None:
            return self.row.patient_id
        if self.kind.about == "patient":
            return self.about_id
        patient_id: UUID = getattr(self, self.kind.about).patient_id
        return patient_id

    @cached_property
    def patient(self) -> Patient:
        """The patient to whom the message is.

        :raises PatientMerged: if the record was merged into another one
        """
        patient = patient_service.get(self.patient_id)
        keep_loaded(patient)
        return patient

    @cached_property
    def consent(self) -> ConsentState:
        """What the patient, or a payer who is one too, answered about messages for this purpose by this channel."""
        of_payer = self.kind.name in TO_PAYER
        patient_id = consenting_patient(self.invoice, self.patient) if of_payer else self.patient_id
        return consent_service.state(patient_id, self.kind.purpose, self.channel)

    @cached_property
    def settings(self) -> MessageSettings:
        """The clinic's settings of messages."""
        return settings_service.get()

    @cached_property
    def is_switched_off(self) -> bool:
        """Whether the clinic sends no messages of this kind."""
        return template_service.is_switched_off(self.kind.name)

    @cached_property
    def is_imported(self) -> bool:
        """Whether the appointment was imported, or is part of sample data."""
        return was_imported(self.appointment.id)

    @cached_property
    def reminders(self) -> Sequence[Notification]:
        """The reminders of the appointment that there are, whatever their state."""
        return reminders_about([self.about_id]).get(self.about_id, ())

    @cached_property
    def recipient(self) -> Recipient | None:
        """Who gets the message: the patient, the guardian of a minor, or who pays; None for a minor without one."""
        if self.kind.name in TO_PAYER:
            return payer_recipient(self.invoice, self.patient)
        return recipient_of(self.patient)

    @cached_property
    def is_to_other_payer(self) -> bool:
        """Whether the message is for a payer who is not the patient: it says nothing of the patient then."""
        return self.kind.name in TO_PAYER and has_other_payer(self.invoice)


_ahead: ContextVar[MessageSubject | None] = ContextVar("read_ahead", default=None)
