"""What the own clinic has: a record for each argument of a route. A new kind of id needs one line here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select

from clinic.appointments.service import (
    appointment_service,
    closure_service,
    hours_exception_service,
    room_service,
    service_catalogue,
)
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.tenancy import current_clinic_id
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.api_keys import api_key_service
from clinic.identity.clinics import clinic_service
from clinic.identity.mail_queue import staff_mail_queue
from clinic.identity.members import member_service
from clinic.identity.models import StaffMember
from clinic.identity.sessions import session_service
from clinic.notifications.service import Notification
from clinic.patients.service import consent_service
from tests.access.canaries import THEIR_EMAIL
from tests.billing.invoices import a_draft, an_invoice
from tests.builders import a_member, a_patient, a_practitioner, an_appointment


@dataclass(frozen=True)
class Argument:
    """How an argument is filled: with a new record of one's own, with what the other clinic has in a table, or else."""

    own: Callable[[], UUID | str]
    table: str | None = None
    theirs: str | None = None

    def missing(self) -> str:
        """Return what fits, but is nowhere."""
        return str(uuid4())


def a_message() -> UUID:
    """Let a message to a patient be queued."""
    found = db.session.scalar(select(Notification.id).where(Notification.patient_id == a_patient().id))
    assert found is not None
    return found


def a_colleague() -> StaffMember:
    """Let somebody else work in the clinic."""
    return a_member(current_clinic_id(), "receptionist", email=f"{uuid4().hex}@example.org")


def a_membership() -> UUID:
    """Let somebody else work in the clinic; return the id under which the clinic knows them."""
    return member_service.get_by_email(a_colleague().email).membership.id


def a_colleagues_session() -> UUID:
    """Let somebody else of the clinic have signed in: that session is no business of those who ask."""
    member_id = a_colleague().id
    session_service.start(member_id, current_clinic_id(), address="192.0.2.1", agent="test")
    return session_service.list_open(member_id)[0].id


def a_link() -> str:
    """Queue and claim a mail with a link to set a password; return the link's token."""
    member_id = a_colleague().id
    with unit_of_work():
        staff_mail_queue.queue("reset", member_id=member_id, clinic_id=current_clinic_id())
    tokens = (staff_mail_queue.prepare(row).token for row in iter(staff_mail_queue.claim, None))
    return next(token for token in tokens if token)


def a_leave() -> UUID:
    """Plan leave of a new practitioner."""
    day = date(2030, 1, 2)
    return hours_exception_service.create(
        practitioner_id=a_practitioner().id, kind="leave", first_day=day, last_day=day
    ).id


def a_closure() -> UUID:
    """Plan a closure."""
    day = date(2030, 1, 2)
    return closure_service.create(name="Fire drill", first_day=day, last_day=day).id


def a_visit() -> UUID:
    """Let a visit have begun."""
    appointment = an_appointment()
    return appointment_service.check_in(appointment.id).id


ARGUMENTS = {
    "patient_id": Argument(lambda: a_patient().id, "patients"),
    "practitioner_id": Argument(lambda: a_practitioner().id, "practitioners"),
    "room_id": Argument(lambda: room_service.create(name=uuid4().hex).id, "rooms"),
    "service_id": Argument(lambda: service_catalogue.create(name=uuid4().hex, lengths=[30]).id, "services"),
    "appointment_id": Argument(lambda: an_appointment().id, "appointments"),
    "exception_id": Argument(a_leave, "hours_exceptions"),
    "closure_id": Argument(a_closure, "closures"),
    "year": Argument(lambda: "2030"),
    "invoice_id": Argument(lambda: an_invoice().id, "invoices"),
    "notification_id": Argument(a_message, "notifications"),
    "clinic_version": Argument(lambda: str(clinic_service.current().version)),
    "clinic_id": Argument(current_clinic_id, "clinics"),
    "membership_id": Argument(a_membership, "memberships"),
    "email": Argument(lambda: a_colleague().email, theirs=THEIR_EMAIL),
    "key_id": Argument(lambda: api_key_service.create(label=uuid4().hex, scopes=["all"])[0].id, "api_keys"),
    "sign_in_id": Argument(a_colleagues_session, "sign_ins"),
    "token": Argument(a_link),
    "filename": Argument(lambda: "js/app.js"),
}
"""How each argument that stands in a route is filled; one without a table is of no clinic."""


def a_withdrawal() -> UUID:
    """Let a patient withdraw all consent; return the patient's id."""
    return consent_service.withdraw_all(a_patient().id).id


IN_THE_STATE: dict[str, Callable[[], UUID]] = {
    "billing.issue": lambda: a_draft().id,
    "api_billing.issue": lambda: a_draft().id,
    "api_appointments.fulfil": a_visit,
    "patients.undo_consent": a_withdrawal,
    "api_consent.undo": a_withdrawal,
    "api_appointments.no_show": lambda: an_appointment(starts_at=now() - timedelta(hours=2)).id,
}
"""Routes that act only on records in a certain state: how their own one is made."""
