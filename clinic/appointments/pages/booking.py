"""The page that books an appointment: for whom, for what, the first free times, and any other time."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.appointments.booking.registration import register_and_book
from clinic.appointments.pages.blueprint import blueprint
from clinic.appointments.pages.finding import Search, search, search_values
from clinic.appointments.pages.patient_alerts import alerts_of
from clinic.appointments.pages.refusal_texts import RefusalTexts
from clinic.appointments.pages.time_errors import reject_time
from clinic.appointments.pages.undo_offers import offer_undo
from clinic.appointments.schemas.booking import KINDS, NEW_PATIENT, BookingForm
from clinic.appointments.service import Appointment, Unavailable, appointment_service, practitioner_service
from clinic.core.audit import record_listing, record_view
from clinic.core.clock import today, wall_day
from clinic.core.context import current_actor
from clinic.core.errors import InvalidInput
from clinic.identity.clinics import clinic_service
from clinic.patients.service import (
    Candidate,
    InactivePatient,
    Patient,
    PatientFields,
    PatientNotFound,
    duplicate_service,
    patient_service,
    registration_ticks,
)
from clinic.web import template_filters
from clinic.web.authorization import requires
from clinic.web.forms import Form, initial_form, load_form, refuse
from clinic.web.idempotency import idempotent

FOLDS = {"0": "The first, before the clocks go back", "1": "The second, after it"}
KIND_LABELS = dict(zip(KINDS, ("Comes at that time", "Is here now", "Has been here already"), strict=True))
_BOOK = {
    "booked": (appointment_service.create, "booked"),
    "arrived": (appointment_service.walk_in, "has arrived"),
    "fulfilled": (appointment_service.record_past, "was here"),
}
_PREFILLED = ("patient", "practitioner_id", "day", "time", "kind")
"""What a link may fill in."""

ORDER = ("patient", *(f"registration-{name}" for name in NEW_PATIENT), "slot", "practitioner_id", "day", "time")
"""The fields of the form as the page shows them, as far as errors of others do not stand before theirs anyway."""

MOST_MATCHES = 8
_NUMBER = re.compile(r"[a-z]+-[0-9]+", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Choice:
    """The chosen patient, or those whom the typed text finds."""

    text: str = ""
    patient_id: UUID | None = None
    found: Sequence[Patient] = ()


@blueprint.get("/new")
@requires("appointments:write")
def new() -> ResponseReturnValue:
    """Show the first free times, and the form that books one."""
    given = {name: value for name, value in request.args.items() if name in _PREFILLED}
    page = _booking_page(form := initial_form({"not_asked": "1"} | given, ticked=registration_ticks()))
    return page, 422 if form.errors else 200


@blueprint.post("/new")
@requires("appointments:write")
@idempotent
def create() -> ResponseReturnValue:
    """Book an appointment from the form, for a new patient too."""
    form = load_form(BookingForm())
    if form.errors:
        return _booking_page(form), 422
    if candidates := _candidates(form.data):
        return _booking_page(form, candidates), 409
    try:
        appointment, done = _book(**form.data)
    except (InactivePatient, InvalidInput, PatientNotFound, Unavailable) as error:
        return refuse(_booking_page(reject_time(form, error, clinic_service.current().zone)), error)
    return back_to_day(appointment, done)


def back_to_day(appointment: Appointment, done: str) -> ResponseReturnValue:
    """Return to the day of an appointment, with the appointment chosen and a message about what was done."""
    zone = clinic_service.current().zone
    practitioner = practitioner_service.get(appointment.practitioner_id)
    span = f"{template_filters.instant(appointment.starts_at, zone)}–{template_filters.time(appointment.ends_at, zone)}"
    offer_undo(appointment, f"{{name}} {done}: {span}, {practitioner.name}.", "day")
    day = wall_day(appointment.starts_at, zone)
    return redirect(url_for(".index", day=day, appointment=appointment.id), 303)


def patient_names(
    search: Search, chosen_id: UUID | None, listed: Sequence[Patient] = ()
) -> tuple[Patient | None, Mapping[UUID, str]]:
    """Return the chosen patient, and the names of those whose appointments are in the way, if they may be known.

    It records whom the page shows.
    """
    knows = current_actor().has_permission("patients:read")
    in_the_way = search.explanation.patient_ids if search.explanation and knows else set()
    wanted = {chosen_id} | in_the_way if chosen_id else in_the_way
    patients = patient_service.get_many(wanted) if wanted else {}
    shown = [*patients, *(patient.id for patient in listed)]
    if chosen_id and shown == [chosen_id]:
        record_view("patients", chosen_id, chosen_id)
    else:
        record_listing("patients", shown)
    names = {one: patients[one].full_name for one in in_the_way if one in patients}
    return patients.get(chosen_id) if chosen_id else None, names


def texts_of(search: Search, names: Mapping[UUID, str]) -> RefusalTexts:
    """Return the texts about a search."""
    closure = search.explanation.closure if search.explanation else None
    return RefusalTexts(search.wish, search.zone, names, closure)


def _book(
    *, kind: str, patient: str | None, registration: PatientFields | None, overruled: Collection[UUID], **fields: Any
) -> tuple[Appointment, str]:
    book, done = _BOOK[kind]
    if patient is None and registration is not None:
        return register_and_book(book, registration, overruled=overruled, **fields), done
    return book(patient_id=patient_service.identify(patient or "").id, **fields), done


def _candidates(data: Mapping[str, Any]) -> Sequence[Candidate]:
    """Return who may be the person that a form registers, if it does not overrule all of them."""
    if data["patient"] is not None or data["registration"] is None:
        return ()
    person = {name: value for name, value in data["registration"].items() if name not in {"consent", "guardian"}}
    return duplicate_service.candidates_to_show(overruled=data["overruled"], **person)


def _booking_page(form: Form, candidates: Sequence[Candidate] = ()) -> str:
    form.order, values = ORDER, search_values(form, {})
    choice = _choose_patient(values.get("patient", ""))
    found = search(values, patient_id=choice.patient_id)
    patient, names = patient_names(found, choice.patient_id, choice.found)
    if choice.text and not choice.found and not patient and not form.errors and not _may_search():
        form.errors["patient"] = ["There is no such patient"]
    _fill(form, found, choice)
    return render_template(
        "appointments/new.html",
        form=form,
        search=found,
        today=today(found.zone),
        patient=patient,
        candidates=candidates,
        choice=choice,
        texts=texts_of(found, names),
        kinds=KIND_LABELS.items(),
        folds=FOLDS.items(),
        alerts=alerts_of(patient),
    )


def _choose_patient(text: str) -> Choice:
    """Return the patient of an id or a number, else those whom a search for the text finds."""
    text = text.strip()[:200]
    try:
        return Choice(text, UUID(text))
    except ValueError:
        pass
    if text and (_NUMBER.fullmatch(text) or not _may_search()):
        try:
            return Choice(text, patient_service.identify(text).id)
        except PatientNotFound:
            return Choice(text)
    found = patient_service.search(text, limit=MOST_MATCHES).rows if text else ()
    return Choice(text, None, found)


def _may_search() -> bool:
    return current_actor().has_permission("patients:read")


def _fill(form: Form, found: Search, choice: Choice) -> None:
    """Fill what nobody has typed: day, length and practitioner of what is searched for, the name of a new patient."""
    only = found.practitioner or (found.practitioners[0] if len(found.practitioners) == 1 else None)
    words = [] if any(char.isdigit() for char in choice.text) else choice.text.split()
    defaults = {
        "day": str(found.wish.first_day),
        "minutes": str(found.wish.minutes),
        "practitioner_id": str(only.id) if only else "",
        "kind": KINDS[0],
        "registration-given_name": " ".join(words[:-1]),
        "registration-family_name": " ".join(words[-1:]),
    }
    form.values = defaults | dict(form.values)
    if request.method == "GET" and form.value("time"):
        _choose_slot(form, found)


def _choose_slot(form: Form, found: Search) -> None:
    """Choose the free time that a link has filled in, if it is one of those that are shown."""
    for offers in found.offers.days.values():
        for offer in offers:
            there = offer.slot.starts_at.astimezone(found.finder.zone)
            wanted = (form.value("day"), form.value("time"), form.value("practitioner_id"))
            if wanted == (f"{there:%Y-%m-%d}", f"{there:%H:%M}", str(offer.slot.practitioner_id)):
                form.values = {**form.values, "slot": found.value_of(offer.slot), "time": ""}
