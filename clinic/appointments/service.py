"""AppointmentService: the interface of appointments for other modules, and the only code that writes them."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError

from clinic.appointments.closures import ClosureNotFound, ClosureService, Holiday, closure_service
from clinic.appointments.exceptions import HoursExceptionNotFound, HoursExceptionService, hours_exception_service
from clinic.appointments.hours import Hours, HoursService, hours_service
from clinic.appointments.hours_preview import AppointmentsOutside, Preview
from clinic.appointments.models import Appointment, Closure, HoursException, Practitioner, Room, Service
from clinic.appointments.practitioners import (
    MemberLinked,
    PractitionerNotFound,
    PractitionerService,
    practitioner_service,
)
from clinic.appointments.resources import NameTaken
from clinic.appointments.rooms import RoomNotFound, RoomService, room_service
from clinic.appointments.rules import ACTIVE, BOOKED, CANCELLABLE, CANCELLED, day_problem, span_problem
from clinic.appointments.services import ServiceCatalogue, ServiceNotFound, service_catalogue
from clinic.appointments.upcoming import Upcoming
from clinic.core.clock import day_bounds, now, today, wall_day, wall_time
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate
from clinic.core.db.transaction import get_for_update
from clinic.core.errors import Conflict, InvalidInput, NotFound, StaleVersion
from clinic.core.events import event_bus
from clinic.core.events.types import declare_event
from clinic.core.unit_of_work import set_event_subject, unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.patients.service import PatientNotFound, patient_service

APPOINTMENT_SCHEDULED = declare_event(
    "appointment.scheduled",
    "appointment_id",
    "patient_id",
    published_by="AppointmentService.create",
    when="an appointment was booked",
)
APPOINTMENT_CANCELLED = declare_event(
    "appointment.cancelled",
    "appointment_id",
    published_by="AppointmentService.cancel",
    when="an appointment was cancelled",
)

MOST_UPCOMING = 10


class AppointmentNotFound(NotFound):
    """The current clinic has no such appointment."""

    def __init__(self) -> None:
        super().__init__("There is no such appointment")


class SlotTaken(Conflict):
    """The practitioner has another appointment at that time."""

    code = "slot-taken"

    def __init__(self, taken_by: Sequence[UUID] = ()) -> None:
        super().__init__("This time is taken: choose another one")
        self.details = {"conflicts": [str(appointment_id) for appointment_id in taken_by]}


class PatientBusy(Conflict):
    """The patient has another appointment at that time."""

    code = "patient-busy"

    def __init__(self, busy_with: Sequence[UUID] = ()) -> None:
        super().__init__("The patient has another appointment at this time: choose another one")
        self.details = {"conflicts": [str(appointment_id) for appointment_id in busy_with]}


class AppointmentNotCancellable(Conflict):
    """The appointment has started, ended or been cancelled."""

    code = "not-cancellable"

    def __init__(self, status: str) -> None:
        super().__init__(f"This appointment is {status}: it can't be cancelled")


class AppointmentService:
    """The appointments of the current clinic."""

    def create(self, *, patient_id: UUID, practitioner_id: UUID, starts_at: datetime, ends_at: datetime) -> Appointment:
        """Book an appointment, and publish `appointment.scheduled`.

        :raises InvalidInput: if the patient or practitioner does not exist or the times are impossible
        :raises SlotTaken: if the practitioner has another appointment at that time
        :raises PatientBusy: if the patient has another appointment at that time
        """
        if problem := span_problem(starts_at, ends_at):
            raise InvalidInput(problem, field="ends_at")
        zone = clinic_service.current().zone
        if problem := day_problem(wall_day(starts_at, zone), today(zone)):
            raise InvalidInput(problem, field="starts_at")
        try:
            with unit_of_work():
                self._lock_people(patient_id, practitioner_id)
                self._check_free(patient_id, practitioner_id, starts_at, ends_at)
                appointment = Appointment(
                    patient_id=patient_id,
                    practitioner_id=practitioner_id,
                    starts_at=starts_at,
                    ends_at=ends_at,
                    blocked_from=starts_at,
                    blocked_until=ends_at,
                    wall_start=wall_time(starts_at, zone),
                    zone=zone,
                    status=BOOKED,
                )
                db.session.add(appointment)
                db.session.flush()
                set_event_subject(patient_id, appointment.version)
                event_bus.publish(
                    APPOINTMENT_SCHEDULED.name,
                    {"appointment_id": str(appointment.id), "patient_id": str(patient_id)},
                )
        except IntegrityError as error:
            raise _guarded(error) from error
        return appointment

    def get(self, appointment_id: UUID | str) -> Appointment:
        """Return an appointment of the current clinic.

        :raises AppointmentNotFound: if no record has that id
        """
        wanted = UUID(appointment_id) if isinstance(appointment_id, str) else appointment_id
        appointment = db.session.get(Appointment, wanted)
        if appointment is None:
            raise AppointmentNotFound
        return appointment

    def cancel(
        self,
        appointment_id: UUID,
        *,
        reason: str = "other",
        note: str | None = None,
        version: int | None = None,
    ) -> Appointment:
        """Cancel an appointment before the patient has arrived, and publish `appointment.cancelled`.

        :raises AppointmentNotFound: if no record has that id
        :raises AppointmentNotCancellable: if it has started, ended or been cancelled
        :raises StaleVersion: if it has another version
        """
        with unit_of_work():
            appointment = self._lock(appointment_id)
            if version not in {None, appointment.version}:
                raise StaleVersion
            if appointment.status not in CANCELLABLE:
                raise AppointmentNotCancellable(appointment.status)
            appointment.status, appointment.cancel_reason, appointment.cancel_note = CANCELLED, reason, note
            db.session.flush()
            set_event_subject(appointment.patient_id, appointment.version)
            event_bus.publish(APPOINTMENT_CANCELLED.name, {"appointment_id": str(appointment.id)})
        return appointment

    def list(
        self,
        *,
        since: datetime | None = None,
        before: datetime | None = None,
        patient_id: UUID | None = None,
        practitioner_id: UUID | None = None,
        status: Sequence[str] = (),
        limit: int = DEFAULT_LIMIT,
        after: tuple[datetime, UUID] | None = None,
    ) -> Page[Appointment]:
        """Return appointments, ordered by their start, with the given filters."""
        wanted = select(Appointment)
        if since is not None:
            wanted = wanted.where(Appointment.starts_at >= since)
        if before is not None:
            wanted = wanted.where(Appointment.starts_at < before)
        if patient_id is not None:
            wanted = wanted.where(Appointment.patient_id == patient_id)
        if practitioner_id is not None:
            wanted = wanted.where(Appointment.practitioner_id == practitioner_id)
        if status:
            wanted = wanted.where(Appointment.status.in_(status))
        return paginate(wanted, [Appointment.starts_at, Appointment.id], limit=limit, after=after)

    def day(self, day: date) -> Sequence[Appointment]:
        """Return all appointments that start on a day in the clinic's time zone."""
        first, last = day_bounds(day, clinic_service.current().zone)
        on_day = (Appointment.starts_at >= first, Appointment.starts_at < last)
        return db.session.scalars(
            select(Appointment).where(*on_day).order_by(Appointment.starts_at, Appointment.id)
        ).all()

    def upcoming_of(self, patient_id: UUID) -> Sequence[Appointment]:
        """Return a patient's upcoming active appointments."""
        wanted = (
            select(Appointment)
            .where(
                Appointment.patient_id == patient_id,
                Appointment.status.in_(ACTIVE),
                Appointment.ends_at >= now(),
            )
            .order_by(Appointment.starts_at)
            .limit(MOST_UPCOMING)
        )
        return db.session.scalars(wanted).all()

    def _lock(self, appointment_id: UUID) -> Appointment:
        appointment = get_for_update(Appointment, appointment_id)
        if appointment is None:
            raise AppointmentNotFound
        return appointment

    def _lock_people(self, patient_id: UUID, practitioner_id: UUID) -> None:
        """Lock practitioner and patient, always in this order, so that concurrent bookings can't deadlock."""
        try:
            practitioner = practitioner_service.lock(practitioner_id)
        except PractitionerNotFound as error:
            raise InvalidInput(error.message, field="practitioner_id") from error
        if not practitioner.active:
            raise InvalidInput("This practitioner takes no appointments any more", field="practitioner_id")
        try:
            patient_service.lock(patient_id)
        except PatientNotFound as error:
            raise InvalidInput(error.message, field="patient_id") from error

    def _check_free(self, patient_id: UUID, practitioner_id: UUID, starts_at: datetime, ends_at: datetime) -> None:
        overlapping = (
            Appointment.starts_at < ends_at,
            Appointment.ends_at > starts_at,
            Appointment.status.in_(ACTIVE),
        )
        if taken := _ids(Appointment.practitioner_id == practitioner_id, *overlapping):
            raise SlotTaken(taken)
        if busy := _ids(Appointment.patient_id == patient_id, *overlapping):
            raise PatientBusy(busy)


appointment_service = AppointmentService()


def _ids(*conditions: ColumnElement[bool]) -> Sequence[UUID]:
    return db.session.scalars(select(Appointment.id).where(*conditions)).all()


def _guarded(error: IntegrityError) -> Exception:
    """Raise the domain error of a database constraint, which catches what a concurrent booking slips past the check."""
    message = str(error.orig)
    if "appointments_practitioner_free" in message:
        return SlotTaken()
    if "appointments_patient_free" in message:
        return PatientBusy()
    return error


__all__ = [
    "Appointment",
    "AppointmentNotCancellable",
    "AppointmentNotFound",
    "AppointmentService",
    "AppointmentsOutside",
    "Closure",
    "ClosureNotFound",
    "ClosureService",
    "Holiday",
    "Hours",
    "HoursException",
    "HoursExceptionNotFound",
    "HoursExceptionService",
    "HoursService",
    "MemberLinked",
    "NameTaken",
    "PatientBusy",
    "Practitioner",
    "PractitionerNotFound",
    "PractitionerService",
    "Preview",
    "Room",
    "RoomNotFound",
    "RoomService",
    "Service",
    "ServiceCatalogue",
    "ServiceNotFound",
    "SlotTaken",
    "Upcoming",
    "appointment_service",
    "closure_service",
    "hours_exception_service",
    "hours_service",
    "practitioner_service",
    "room_service",
    "service_catalogue",
]
