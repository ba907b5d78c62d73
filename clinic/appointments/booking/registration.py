"""Booking for somebody who is not registered yet."""

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

from clinic.appointments.booking.requirements import check_zone
from clinic.appointments.models import Appointment
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.patients.service import PatientFields, patient_service


def register_and_book(
    book: Callable[..., Appointment], registration: PatientFields, *, overruled: Collection[UUID] = (), **fields: Any
) -> Appointment:
    """Register a patient and book with a method of AppointmentService, both or neither.

    `overruled` are the ids of patients who might be the same person, but are not, as the current actor says.

    :raises: what `PatientService.create` and the method raise
    """
    zone = clinic_service.zone_so_far()
    with unit_of_work():
        check_zone(zone)
        patient = patient_service.create(overruled=overruled, **registration)
        return book(patient_id=patient.id, **fields)
