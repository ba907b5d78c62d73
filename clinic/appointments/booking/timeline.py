"""The history of a patient's appointments as rows of the timeline."""

from typing import Any

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import aliased

from clinic.appointments.models import Appointment, AppointmentHistory, Practitioner, Service
from clinic.appointments.rules import ZONE_CHANGE
from clinic.core.db.json_object import json_object
from clinic.core.timeline_sources import Subjects, timeline_rows

_Later = aliased(AppointmentHistory)


def select_moves(patient_ids: Subjects) -> Select[Any]:
    """Select the moves of appointments; `next` holds what the first later change of the time replaced.

    A change of the clinic's time zone is no move of anybody.
    """
    later = select(_Later.before).where(
        _Later.appointment_id == AppointmentHistory.appointment_id,
        _Later.id > AppointmentHistory.id,
        _Later.action.in_(("reschedule", ZONE_CHANGE)),
    )
    rows = timeline_rows(
        at=AppointmentHistory.happened_at,
        id=AppointmentHistory.id,
        action=AppointmentHistory.action,
        record="appointments",
        record_id=AppointmentHistory.appointment_id,
        actor=AppointmentHistory.actor,
        details=json_object(
            starts_at=Appointment.starts_at,
            practitioner=Practitioner.name,
            service=Service.name,
            note=AppointmentHistory.note,
            to_status=AppointmentHistory.to_status,
            late=Appointment.late,
            before=AppointmentHistory.before,
            next=later.order_by(_Later.id).limit(1).scalar_subquery(),
        ),
    )
    of_patient = rows.join(Appointment, Appointment.id == AppointmentHistory.appointment_id)
    return _with_names(of_patient, patient_ids).where(AppointmentHistory.action != ZONE_CHANGE)


def select_bookings(patient_ids: Subjects) -> Select[Any]:
    """Select the bookings of appointments without a history, which an older version made."""
    rows = timeline_rows(
        at=Appointment.created_at,
        id=Appointment.id,
        action="book",
        record="appointments",
        record_id=Appointment.id,
        details=json_object(
            starts_at=Appointment.starts_at, practitioner=Practitioner.name, service=Service.name, to_status="booked"
        ),
    ).select_from(Appointment)
    moves = exists().where(AppointmentHistory.appointment_id == Appointment.id)
    return _with_names(rows, patient_ids).where(~moves)


def _with_names(rows: Select[Any], patient_ids: Subjects) -> Select[Any]:
    named = rows.join(Practitioner, Practitioner.id == Appointment.practitioner_id)
    return named.outerjoin(Service, Service.id == Appointment.service_id).where(Appointment.patient_id.in_(patient_ids))
