"""A clinic whose patients got messages about visits in every state, and the links in these messages."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from flask import current_app
from sqlalchemy import select

from clinic.appointments.models import WeeklyHours
from clinic.appointments.service import appointment_service
from clinic.core.clock import at_wall_time, now, today
from clinic.core.db import db
from clinic.core.jobs import run_due_jobs
from clinic.core.tenancy import clinic_scope
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.notifications.mail_links import make_links
from clinic.notifications.models import Notification
from clinic.patients.service import Patient, related_person_service
from tests.browser.records import an_empty_clinic
from tests.builders import a_patient, a_practitioner, an_appointment

LANGUAGES = ("en", "de", "pt")
ADDRESS, PHONE = "Ground floor\nCais do Sodré 14\n1200-450 Lisboa", "+351213555000"


@dataclass(frozen=True)
class PatientLinks:
    """The paths of links by the name of their visit, each by its purpose."""

    visits: dict[str, dict[str, str]]

    @property
    def paths(self) -> list[str]:
        """Every link of every message."""
        return [path for links in self.visits.values() for path in links.values()]


def fill_links() -> PatientLinks:
    """Set up a clinic with visits in every state, and send its messages into the outbox."""
    current_app.config["MESSAGE_DELAY_SECONDS"] = 0
    clinic = an_empty_clinic()
    with clinic_scope(clinic.id):
        with unit_of_work():
            own = clinic_service.lock()
            own.address, own.phone = ADDRESS, PHONE
        visits = _visits()
        run_due_jobs()
        links = {name: _links(visit_id) for name, visit_id in visits.items()}
        appointment_service.cancel(visits["cancelled"], reason="clinic")
        moved = appointment_service.get(visits["moved"])
        later = moved.starts_at + timedelta(hours=3)
        appointment_service.reschedule(moved.id, starts_at=later, overbook_reason="Known")
    return PatientLinks(links)


def _visits() -> dict[str, UUID]:
    practitioner = a_practitioner("Dr Lukas Brandt")
    with unit_of_work():
        for weekday in range(5):
            times = {"weekday": weekday, "starts": 8 * 60, "ends": 13 * 60}
            db.session.add(WeeklyHours(practitioner_id=practitioner.id, **times))
    day = today("Europe/Lisbon") + timedelta(days=7)
    starts = {name: _at(day + timedelta(days=number)) for number, name in enumerate((*LANGUAGES, "cancelled", "moved"))}
    starts |= {"child": _at(day + timedelta(days=5)), "late": now() + timedelta(hours=2)}
    booked = {}
    for name, start in starts.items():
        language = name if name in LANGUAGES else "en"
        patient = _child() if name == "child" else a_patient(language=language, email=f"{name}@example.org")
        booked[name] = an_appointment(patient, practitioner, starts_at=start).id
    return booked


def _child() -> Patient:
    child = a_patient(given_name="Tiago", birth_date="2020-09-09", language="en", email=None)
    related_person_service.create(child.id, roles=["guardian"], name="Rui Costa", email="rui@example.org")
    return child


def _at(day: date) -> datetime:
    return at_wall_time(datetime.combine(day, time(9, 30)), "Europe/Lisbon")


def _links(visit_id: UUID) -> dict[str, str]:
    """Return the paths of the links in the message about a visit."""
    sent = select(Notification).where(Notification.about_id == visit_id, Notification.state == "sent")
    found = asdict(make_links(db.session.scalars(sent).one()))
    return {name: "/my/" + url.partition("/my/")[2] for name, url in found.items()}
