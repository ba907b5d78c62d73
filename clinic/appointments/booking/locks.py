"""Locks on what two appointments must not share, always taken in the same order, so that no two changes deadlock.

First the practitioners, then the rooms, each in the order of their ids, then the patient, and last the appointments.
On SQLite a unit of work has the whole database to itself.
"""

from collections.abc import Collection
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, bindparam, select

from clinic.appointments.booking.conflicts import AppointmentNotFound
from clinic.appointments.models import Appointment, Practitioner, Room
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.db.mixins import ClinicScoped
from clinic.core.db.orm_session import prepared
from clinic.core.db.transaction import find_row, get_version_for_update, keep_loaded
from clinic.core.errors import InvalidInput, StaleVersion
from clinic.patients.service import PatientMerged, PatientNotFound, patient_service

Scoped = TypeVar("Scoped", bound=ClinicScoped)


def lock_resources(practitioner_ids: Collection[UUID], room_ids: Collection[UUID], patient_id: UUID) -> None:
    """Lock practitioners, rooms and a patient until the unit of work ends; those that don't exist are left out.

    They are kept in memory as long.

    :raises InvalidInput: if there is no such patient
    """
    _lock_all(Practitioner, practitioner_ids)
    if room_ids:
        _lock_all(Room, room_ids)
    try:
        keep_loaded(patient_service.lock(patient_id))
    except (PatientNotFound, PatientMerged) as error:
        raise InvalidInput(error.message, field="patient_id") from error


def lock_upcoming() -> None:
    """Lock all practitioners, so that nothing is booked or moved meanwhile, and the appointments to come."""
    for every in (
        select(Practitioner.id).order_by(Practitioner.id),
        select(Appointment.id).where(Appointment.starts_at > now()).order_by(Appointment.id),
    ):
        db.session.scalars(every.with_for_update(key_share=True)).all()


def find_appointment(appointment_id: UUID) -> Appointment:
    """Return an appointment, not locked.

    :raises AppointmentNotFound: if no record has that id
    """
    appointment = find_row(Appointment, appointment_id)
    if appointment is None:
        raise AppointmentNotFound
    return appointment


def lock_appointment(appointment_id: UUID, version: int | None) -> Appointment:
    """Return the present state of an appointment, locked.

    :raises AppointmentNotFound: if no record has that id
    :raises StaleVersion: if it has another version
    """
    return get_version_for_update(Appointment, appointment_id, version, AppointmentNotFound)


def lock_with_resources(
    appointment_id: UUID,
    version: int | None,
    *,
    practitioner_ids: Collection[UUID] = (),
    room_ids: Collection[UUID] = (),
) -> Appointment:
    """Return the present state of an appointment, locked after what it occupies and what it is to occupy.

    :raises AppointmentNotFound: if no record has that id
    :raises StaleVersion: if it has another version, or was moved at this moment
    """
    seen = _resources_of(find_appointment(appointment_id))
    practitioner_id, room_id, patient_id = seen
    own_room = [] if room_id is None else [room_id]
    lock_resources({practitioner_id, *practitioner_ids}, {*own_room, *room_ids}, patient_id)
    appointment = lock_appointment(appointment_id, version)
    if _resources_of(appointment) != seen:
        raise StaleVersion
    return appointment


def _resources_of(appointment: Appointment) -> tuple[UUID, UUID | None, UUID]:
    return appointment.practitioner_id, appointment.room_id, appointment.patient_id


def _lock_all(model: type[Scoped], ids: Collection[UUID]) -> None:
    wanted: Any = model
    keep_loaded(*db.session.scalars(_locked(wanted), {"ids": list(ids)}))


@cache
def _locked(model: Any) -> Select[Any]:
    wanted = select(model).where(model.id.in_(bindparam("ids", expanding=True))).order_by(model.id)
    return prepared(wanted.with_for_update(key_share=True).execution_options(populate_existing=True))
