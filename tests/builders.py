"""What tests put into the database, through the services, and what they send."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from clinic.appointments.service import Appointment, Practitioner, appointment_service, practitioner_service
from clinic.core.db import db
from clinic.core.db.sequences import next_number
from clinic.core.tenancy import clinic_scope
from clinic.core.text import fold
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.accounts import email_key
from clinic.identity.api_keys import api_key_service
from clinic.identity.clinics import clinic_service
from clinic.identity.models import Clinic, Membership, StaffMember
from clinic.identity.sessions import session_service
from clinic.patients.record import PatientFields, set_fields
from clinic.patients.rules import medical_record_number
from clinic.patients.search.index import sort_name_of
from clinic.patients.service import Patient, patient_service

OWN = "Clínica São João"
"""The name of the clinic in which most tests act."""

MONDAY = datetime(2029, 11, 26, 9, 0, tzinfo=UTC)


def a_clinic(**fields: Any) -> Clinic:
    """Set up a clinic; Harbour Clinic in Lisbon unless told otherwise."""
    given = {"name": OWN, "zone": "Europe/Lisbon", "currency": "EUR", "locale": "pt_PT"}
    return clinic_service.create(**(given | fields))


def a_member(
    clinic_id: UUID, role: str = "administrator", *, email: str = "", denied: Sequence[str] = (), **fields: Any
) -> StaffMember:
    """Let somebody work in a clinic; without a password they sign in only through a test's client."""
    email = email or f"{role}@example.org"
    fields.setdefault("password_hash", "of no password")
    with unit_of_work():
        member = StaffMember(email=email, email_key=email_key(email), **fields)
        db.session.add(member)
        db.session.flush()
        name = role.replace("-", " ").title()
        denials = sorted(denied)
        membership = Membership(
            clinic_id=clinic_id, member_id=member.id, name=f"{name} Person", role=role, denied=denials
        )
        db.session.add(membership)
    return member


def a_signed_in_administrator(clinic: Clinic) -> tuple[str, str]:
    """Add an administrator who has signed in, and an API key with every scope.

    Return the token of the session, and the key.
    """
    with clinic_scope(clinic.id):
        member_id = a_member(clinic.id, email=f"admin@{fold(clinic.name).replace(' ', '-')}.example").id
        _, key = api_key_service.create(label="Integrator", scopes=["all"])
    return session_service.start(member_id, clinic.id, address="127.0.0.1", agent="test"), key


def patient_fields(**fields: Any) -> dict[str, Any]:
    """Return what an integrator sends to register a patient."""
    given = {"family_name": "Pereira", "given_name": "Inês", "birth_date": "1991-06-21", "sex": "female"}
    return given | fields


def a_patient(**fields: Any) -> Patient:
    """Register a patient, with an e-mail address unless told otherwise."""
    return patient_service.create(**patient_fields(**({"email": "ines@example.org"} | fields)))


def somebody(**fields: Any) -> Patient:
    """Add a patient like `a_patient`, at a sixth of the cost.

    No event is published and nobody is searched for: it is for tests of what happens to a patient later.
    """
    assert fields.keys() <= PatientFields.__annotations__.keys()
    with unit_of_work():
        patient = Patient()
        set_fields(patient, cast(PatientFields, patient_fields(**({"email": "ines@example.org"} | fields))))
        patient.mrn = medical_record_number(next_number("patient"))
        patient.sort_name = sort_name_of(patient)
        db.session.add(patient)
    return patient


def a_practitioner(name: str = "Dr Amara Okafor") -> Practitioner:
    """Add somebody to whom patients come."""
    return practitioner_service.create(name=name)


def an_appointment(
    patient: Patient | None = None,
    practitioner: Practitioner | None = None,
    starts_at: datetime = MONDAY,
    minutes: int = 30,
) -> Appointment:
    """Book an appointment, for `somebody` with a new practitioner unless they are given; in the past too."""
    return appointment_service.create(
        patient_id=(patient or somebody()).id,
        practitioner_id=(practitioner or a_practitioner()).id,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=minutes),
        overbook_reason="Written down later",
    )


def appointment_fields(patient_id: UUID, practitioner_id: UUID, **fields: Any) -> dict[str, Any]:
    """Return what an integrator sends to book an appointment."""
    given = {
        "patient_id": str(patient_id),
        "practitioner_id": str(practitioner_id),
        "starts_at": "2029-11-26T09:00:00Z",
        "ends_at": "2029-11-26T09:30:00Z",
    }
    return given | fields
