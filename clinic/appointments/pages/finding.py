"""What the pages of booking and moving share: the search for free times as their forms and lists show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from flask import request
from marshmallow import ValidationError

from clinic.appointments.free_times.slot_finder import Explanation, Offers, SlotFinder
from clinic.appointments.free_times.slot_search import SEARCHED, Wish, bookable_services
from clinic.appointments.free_times.slot_types import Slot
from clinic.appointments.rules import day_problem
from clinic.appointments.schemas.booking import FindSchema
from clinic.appointments.service import Appointment, Practitioner, Room, Service, practitioner_service, room_service
from clinic.core.clock import at_wall_time, today, wall_day
from clinic.core.errors import InvalidInput
from clinic.identity.clinics import clinic_service
from clinic.web.forms import Form

USUAL_LENGTH = 30
LENGTHS = (10, 15, 20, 30, 45, 60, 90)
PAST_DAY = "This day is past"
_NAMES = ("patient", "service_id", "practitioner_id", "room_id", "minutes", "from", "part")
_SENT = {"from": "search_from", "part": "search_part", "practitioner_id": "search_with", "minutes": "search_minutes"}
"""The names of what was searched for, where the form that books repeats them under names of their own."""

Resource = TypeVar("Resource", Practitioner, Service, Room)


@dataclass
class Search:
    """A search for free times: its form, what can be chosen in it, and what was found."""

    form: Form
    services: Sequence[Service]
    practitioners: Sequence[Practitioner]
    rooms: Sequence[Room]
    wish: Wish
    zone: str
    service: Service | None = None
    practitioner: Practitioner | None = None
    why_at: datetime | None = None
    names: Mapping[UUID, str] = field(default_factory=dict)

    @cached_property
    def finder(self) -> SlotFinder:
        """The search itself."""
        return SlotFinder(self.wish, self.zone)

    @cached_property
    def offers(self) -> Offers:
        """The first free times."""
        return self.finder.offers()

    @cached_property
    def explanation(self) -> Explanation | None:
        """Why the time that was asked about is not free."""
        return self.finder.explain(self.why_at) if self.why_at else None

    @property
    def others(self) -> int:
        """How many practitioners do not offer the service."""
        return sum(1 for one in self.practitioners if self.service and not self.service.is_offered_by(one.id))

    @property
    def lengths(self) -> Sequence[int]:
        """The lengths of the service, or usual ones; the one that is searched for is among them."""
        known = self.service.lengths if self.service else LENGTHS
        return known if self.wish.minutes in known else sorted([*known, self.wish.minutes])

    @property
    def typed_practitioners(self) -> Sequence[tuple[str, str]]:
        """The options of the practitioner of a typed time."""
        return [("", "Choose"), *((str(one.id), one.name) for one in self.practitioners)]

    @property
    def typed_lengths(self) -> Sequence[tuple[str, str]]:
        """The options of the length of a typed time."""
        return [(str(minutes), f"{minutes} minutes") for minutes in self.lengths]

    @property
    def needs_room(self) -> bool:
        """Whether the service takes one of some rooms."""
        return bool(self.service and self.service.room_ids)

    def short_name(self, practitioner_id: UUID) -> str:
        """Return the last part of a practitioner's name, or all of it if others share that part."""
        last = [one.name.rpartition(" ")[2] for one in self.practitioners]
        name = next((one.name for one in self.practitioners if one.id == practitioner_id), "")
        return name if last.count(name.rpartition(" ")[2]) > 1 else name.rpartition(" ")[2]

    def room_name(self, room_id: UUID) -> str:
        """Return the name of a room."""
        return next((room.name for room in self.rooms if room.id == room_id), "")

    def value_of(self, slot: Slot) -> str:
        """Return the value of the radio button of a slot."""
        return self.value_at(slot.practitioner_id, slot.starts_at)

    def value_at(self, practitioner_id: UUID, starts_at: datetime) -> str:
        """Return the value of the radio button of a start with a practitioner."""
        there = starts_at.astimezone(self.finder.zone)
        return f"{practitioner_id}/{there:%Y-%m-%dT%H:%M}/{there.fold}/{self.wish.minutes}"

    def url(self, **changes: Any) -> str:
        """Return the address, relative to that of the page, of the same search with some changes."""
        values = {name: self.form.value(name) for name in _NAMES} | {name: str(one) for name, one in changes.items()}
        return f"?{urlencode({name: value for name, value in values.items() if value})}"


def search(values: Mapping[str, str], *, patient_id: UUID | None = None, moved: Appointment | None = None) -> Search:
    """Return the search of a form: what can't be searched for is an error of the form, and left out."""
    zone = clinic_service.current().zone
    form = Form(dict(values), order=list(FindSchema().fields))
    found = _load(form)
    services = bookable_services(moved.service_id if moved else None)
    practitioners = practitioner_service.active()
    service = _choose(services, found.get("service_id"), form, "service_id", "There is no such service")
    practitioner = _choose(
        practitioners, found.get("practitioner_id"), form, "practitioner_id", "There is no such practitioner"
    )
    rooms = room_service.active() if (service and service.room_ids) or (moved and moved.room_id) else []
    why_at = _why_at(form, found, zone)
    wish = Wish(
        first_day=_first_day(form, found, zone, why_at),
        practitioners=_wanted(practitioners, practitioner, service, form),
        minutes=_minutes(found.get("minutes"), service, moved),
        service=service,
        rooms=_wanted_rooms(rooms, service, found.get("room_id"), form, moved),
        part=found.get("part") or "any",
        whole=bool(found.get("whole")),
        patient_id=patient_id,
        ignore=moved.id if moved else None,
    )
    return Search(form, services, practitioners, rooms, wish, zone, service, practitioner, why_at)


def search_values(form: Form, defaults: Mapping[str, str]) -> dict[str, str]:
    """Return what is searched for: what the address says, or what the form that was sent or saved repeats."""
    if request.method == "POST" or form.saved:
        names = {name: _SENT.get(name, name) for name in _NAMES}
        return {**defaults, **{name: form.value(sent) for name, sent in names.items() if sent in form.values}}
    given = request.args.to_dict()
    if "day" in given:
        given.setdefault("from", given["day"])
    return {**defaults, **given}


def _load(form: Form) -> dict[str, Any]:
    try:
        found: dict[str, Any] = FindSchema().load(dict(form.values))
    except ValidationError as error:
        messages = error.messages if isinstance(error.messages, dict) else {}
        form.errors = {str(name): list(texts) for name, texts in messages.items()}
        found = dict(error.valid_data) if isinstance(error.valid_data, dict) else {}
    return found


def _choose(resources: Sequence[Resource], wanted: UUID | None, form: Form, name: str, missing: str) -> Resource | None:
    chosen = next((one for one in resources if one.id == wanted), None)
    if wanted and not chosen:
        form.errors.setdefault(name, []).append(missing)
    return chosen


def _wanted(
    practitioners: Sequence[Practitioner], chosen: Practitioner | None, service: Service | None, form: Form
) -> Sequence[Practitioner]:
    """Return the practitioners with whom it can be, the chosen one or all who offer the service."""
    offering = [one for one in practitioners if service is None or service.is_offered_by(one.id)]
    if chosen and chosen not in offering:
        form.errors.setdefault("practitioner_id", []).append("This practitioner does not offer this service")
    return [one for one in offering if chosen in {None, one}]


def _wanted_rooms(
    rooms: Sequence[Room], service: Service | None, room_id: UUID | None, form: Form, moved: Appointment | None
) -> Sequence[Room]:
    """Return the rooms to choose from: those of the service, or only the chosen one of them.

    A service without rooms, or none, leaves the present room of an appointment that is moved.
    """
    if service is None or not service.room_ids:
        return [room for room in rooms if moved and room.id == moved.room_id]
    of_service = [room for room in rooms if room.id in service.room_ids]
    chosen = _choose(of_service, room_id, form, "room_id", "This service does not take place in this room")
    return [room for room in of_service if chosen in {None, room}]


def _minutes(wanted: int | None, service: Service | None, moved: Appointment | None) -> int:
    """Return the length: one of the service's, by default its first one or that of the appointment."""
    present = moved.minutes if moved else USUAL_LENGTH
    if service is None:
        return wanted or present
    if wanted in service.lengths or (moved and wanted == moved.minutes):
        return wanted or present
    same = moved is not None and moved.service_id == service.id
    return present if same else service.lengths[0]


def _first_day(form: Form, found: Mapping[str, Any], zone: str, why_at: datetime | None) -> date:
    """Return the day from which on free times are shown: not a past one, and near the time that was asked about."""
    present = today(zone)
    first = max(found.get("first_day") or present, present)
    if problem := day_problem(first, present):
        form.errors.setdefault("from", []).append(problem)
        first = present
    asked = wall_day(why_at, zone) if why_at else first
    return first if first <= asked < first + SEARCHED else asked


def _why_at(form: Form, found: Mapping[str, Any], zone: str) -> datetime | None:
    """Return the instant about which somebody asks, if it can be booked at all."""
    day, at = found.get("why_day"), found.get("why")
    if at is None:
        return None
    day = day or found.get("first_day") or today(zone)
    wall = datetime.combine(day, at)
    problem = PAST_DAY if day < today(zone) else day_problem(day, today(zone))
    try:
        starts_at = at_wall_time(wall, zone)
    except InvalidInput as error:
        problem = problem or error.message
    if problem:
        form.errors.setdefault("why_day" if problem == PAST_DAY else "why", []).append(problem)
        return None
    return starts_at
