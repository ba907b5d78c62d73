"""The demo's schedule: rooms, services, hours, leave, a closure, and appointments around today in every state."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from clinic.appointments.service import (
    Appointment,
    Practitioner,
    Service,
    Span,
    WeeklyRange,
    appointment_service,
    closure_service,
    hours_exception_service,
    hours_service,
    practitioner_service,
    room_service,
    service_catalogue,
    working_ranges,
)
from clinic.core.clock import now
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.service import Patient
from clinic.web.cli_output import info

ROOMS = {"Room 1": 1, "Room 2": 1, "Room 3": 1, "Gym": 3}
PRACTITIONERS = {
    "Dr Amara Okafor": ("General practice", "Room 1", ((480, 750), (795, 1020))),
    "Dr Lukas Brandt": ("Dermatology", "Room 2", ((540, 780), (825, 1080))),
    "Sofia Marin": ("Physiotherapy", "Gym", ((510, 720), (750, 990))),
    "Dr Rui Silva": ("Paediatrics", "Room 3", ((480, 720), (780, 1020))),
}
"""Speciality, room, and the ranges of each working day in minutes since midnight."""

OPENING = (480, 1110)
SERVICES = (
    ("Annual check", "green", (30,), 0, 0, ("Dr Amara Okafor", "Dr Rui Silva"), ("Room 1", "Room 3")),
    ("Follow-up", "teal", (15, 30), 0, 0, (), ()),
    ("Minor surgery", "red", (60, 90), 0, 15, ("Dr Lukas Brandt",), ("Room 2",)),
    ("Mole check", "violet", (30,), 0, 0, ("Dr Lukas Brandt",), ("Room 2", "Room 3")),
    ("New patient", "blue", (45,), 0, 0, ("Dr Amara Okafor", "Dr Lukas Brandt", "Dr Rui Silva"), ()),
    ("Physiotherapy", "orange", (45,), 0, 0, ("Sofia Marin",), ("Gym",)),
    ("Vaccination", "pink", (15,), 0, 0, ("Dr Amara Okafor", "Dr Rui Silva"), ()),
)
"""Name, colour, lengths, buffers before and after, who offers it (all if empty), its rooms (any or none if empty)."""

WEEKDAYS = range(5)
DAYS_BEFORE = (3, 4, 5)
"""Friday, Thursday and Wednesday of the week before, so that some visits are over on any day."""

SHARE_BOOKED = 0.78
SHARE_MISSED = 0.06
"""Of the visits that are over, the share that was missed; of those to come, the share that is cancelled."""

SOON = timedelta(minutes=15)
"""Who is due by then has arrived."""

MOST_A_DAY = 200


@dataclass(frozen=True)
class Resources:
    """What appointments of the demo are booked with."""

    practitioners: Sequence[Practitioner]
    services: Sequence[Service]


@dataclass(frozen=True)
class Visit:
    """What is to be booked."""

    service: Service
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class DoneVisit:
    """A service that a patient has had, in which appointment if that is known."""

    patient_id: UUID
    service: str
    appointment_id: UUID | None = None


def fill_schedule(
    rng: random.Random, patients: Sequence[Patient], monday: date, members: Mapping[str, UUID]
) -> list[DoneVisit]:
    """Fill the schedule of two weeks from a Monday and of some days before, and return the visits that are over.

    Practitioners who are staff members, by name, are linked.
    """
    with unit_of_work():
        resources = _add_resources(members)
    _add_exceptions(resources, monday)
    days = [monday + timedelta(days=7 * week + weekday) for week in range(2) for weekday in WEEKDAYS]
    days += [monday - timedelta(days=before) for before in DAYS_BEFORE]
    return [visit for day in days for visit in _fill_day(rng, day, resources, patients)]


def _add_resources(members: Mapping[str, UUID]) -> Resources:
    rooms = {name: room_service.create(name=name, places=places).id for name, places in ROOMS.items()}
    people = [
        practitioner_service.create(name=name, speciality=row[0], member_id=members.get(name))
        for name, row in PRACTITIONERS.items()
    ]
    hours_service.set_week(None, [WeeklyRange(weekday, *OPENING) for weekday in WEEKDAYS])
    for person in people:
        _, room, ranges = PRACTITIONERS[person.name]
        week = [WeeklyRange(weekday, *span, room_id=rooms[room]) for weekday in WEEKDAYS for span in ranges]
        hours_service.set_week(person.id, week)
    return Resources(people, _add_services(rooms, {person.name: person.id for person in people}))


def _add_services(rooms: Mapping[str, UUID], people: Mapping[str, UUID]) -> list[Service]:
    return [
        service_catalogue.create(
            name=name,
            colour=colour,
            lengths=list(lengths),
            buffer_before=before,
            buffer_after=after,
            practitioner_ids=[people[person] for person in offered_by],
            room_ids=[rooms[room] for room in takes_place_in],
        )
        for name, colour, lengths, before, after, offered_by, takes_place_in in SERVICES
    ]


def _add_exceptions(resources: Resources, monday: date) -> None:
    """Add leave, extra hours, and a closure for an afternoon."""
    marin, silva = resources.practitioners[2], resources.practitioners[3]
    leave, saturday = monday + timedelta(days=10), monday + timedelta(days=12)
    with unit_of_work():
        hours_exception_service.create(
            practitioner_id=silva.id,
            kind="leave",
            first_day=leave,
            last_day=leave + timedelta(days=1),
            starts=None,
            ends=None,
            room_id=None,
            note="Congress, Porto",
        )
        hours_exception_service.create(
            practitioner_id=marin.id,
            kind="extra",
            first_day=saturday,
            last_day=saturday,
            starts=540,
            ends=720,
            room_id=None,
            note="Back school",
        )
        closed = monday + timedelta(days=9)
        closure_service.create(
            name="Team training", first_day=closed, last_day=closed, starts=840, ends=1110, room_id=None
        )


def _fill_day(rng: random.Random, day: date, resources: Resources, patients: Sequence[Patient]) -> Sequence[DoneVisit]:
    """Book a day, each patient once, with appointments in the state that they would have by now; return those done."""
    clinic, hours = hours_service.load([one.id for one in resources.practitioners], day, day)
    others = iter(rng.sample(patients, MOST_A_DAY))
    with unit_of_work():
        booked = [
            _add(rng, next(others), practitioner, visit)
            for practitioner in resources.practitioners
            for span in working_ranges(clinic, hours[practitioner.id], day)
            for visit in _visits(rng, span, [one for one in resources.services if one.is_offered_by(practitioner.id)])
        ]
        names: dict[UUID | None, str] = {service.id: service.name for service in resources.services}
        done = [DoneVisit(one.patient_id, names[one.service_id], one.id) for one in booked if one.status == "fulfilled"]
    info(f"Booked {len(booked)} appointments on {day}")
    return done


def _visits(rng: random.Random, span: Span, services: Sequence[Service]) -> Iterator[Visit]:
    """Fill working time with visits on a grid of a quarter of an hour, and some gaps."""
    start = span.starts_at
    while start < span.ends_at:
        service = rng.choice(services)
        visit = Visit(service, start, start + timedelta(minutes=rng.choice(service.lengths)))
        if visit.ends_at <= span.ends_at and rng.random() < SHARE_BOOKED:
            yield visit
            start = visit.ends_at + timedelta(minutes=service.buffer_before + service.buffer_after)
        else:
            start += timedelta(minutes=rng.choice([15, 30]))


def _add(rng: random.Random, patient: Patient, practitioner: Practitioner, visit: Visit) -> Appointment:
    """Add an appointment in the state that it has by now: done, missed, in the room, waiting, booked or cancelled."""
    is_missed, is_over = rng.random() < SHARE_MISSED, visit.ends_at <= now()
    add = appointment_service.record_past if is_over and not is_missed else appointment_service.create
    appointment = add(
        patient_id=patient.id,
        practitioner_id=practitioner.id,
        service_id=visit.service.id,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
    )
    if is_over:
        return appointment_service.mark_no_show(appointment.id) if is_missed else appointment
    if visit.starts_at <= now() + SOON:
        appointment_service.arrive(appointment.id)
        return appointment_service.check_in(appointment.id) if visit.starts_at <= now() else appointment
    if is_missed:
        appointment_service.cancel(appointment.id, reason=rng.choice(["patient", "clinic"]))
    return appointment
