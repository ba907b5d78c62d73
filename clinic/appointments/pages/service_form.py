"""The form of a service: its values, its choices, and the comparison of two versions."""

from collections.abc import Mapping
from typing import Any

from flask import render_template

from clinic.appointments.pages import resources
from clinic.appointments.pages.service_texts import example_of, names_text, split_units
from clinic.appointments.rules import COLOURS
from clinic.appointments.schemas.services import HORIZON_UNITS, MOST_LENGTHS, NOTICE_UNITS, ONLY_THESE
from clinic.appointments.service import Service, practitioner_service, room_service, service_catalogue
from clinic.core.modules import panels_of
from clinic.web.edit_conflict import field_differences
from clinic.web.forms import Form, initial_form

LEAST_LENGTH_FIELDS = 3
LABELS = {
    "name": "Name",
    "short_name": "Short name",
    "lengths": "Lengths in minutes",
    "buffer_before": "Minutes before",
    "buffer_after": "Minutes after",
    "notice": "Shortest notice",
    "horizon": "Time ahead",
    "colour": "Colour",
    "practitioner_ids": "Who offers it",
    "room_ids": "Rooms",
}


def new_service_form() -> Form:
    """Return the form of a new service: half an hour, offered by everyone, in any room or none."""
    return initial_form(
        {
            "buffer_before": "0",
            "buffer_after": "0",
            "notice_unit": "hours",
            "horizon_unit": "months",
            "colour": COLOURS[0],
            "who": "everyone",
            "where": "any",
        },
        ticked={"lengths": ["30"]},
    )


def initial_service_form(service: Service) -> Form:
    """Return the form of a service as it is stored."""
    notice, notice_unit = split_units(service.notice_minutes, NOTICE_UNITS) if service.notice_minutes else ("", "hours")
    horizon, horizon_unit = split_units(service.horizon_days, HORIZON_UNITS) if service.horizon_days else ("", "months")
    return initial_form(
        {
            **_plain_values(service),
            "notice": notice,
            "notice_unit": notice_unit,
            "horizon": horizon,
            "horizon_unit": horizon_unit,
            "who": ONLY_THESE if service.practitioner_ids else "everyone",
            "where": ONLY_THESE if service.room_ids else "any",
        },
        ticked=_ticked(service),
        version=service.version,
    )


def service_page(form: Form, service: Service | None = None) -> str:
    """Return the page of a service's form; beside a stored one, what a booking of it means."""
    lengths = list(form.chosen("lengths"))
    fields = max(LEAST_LENGTH_FIELDS, min(len(lengths) + 1, MOST_LENGTHS), len(lengths))
    practitioners = [one for one in practitioner_service.all() if _is_choice(one, form.chosen("practitioner_ids"))]
    return render_template(
        "appointments/service.html",
        form=form,
        record=service,
        lengths=[*lengths, *[""] * (fields - len(lengths))],
        colours=[(colour, colour.capitalize()) for colour in COLOURS],
        notice_units=list(NOTICE_UNITS),
        horizon_units=list(reversed(HORIZON_UNITS)),
        practitioners=practitioners,
        rooms=[one for one in room_service.all() if _is_choice(one, form.chosen("room_ids"))],
        example=service and example_of(service),
        upcoming=service and service_catalogue.upcoming(service.id, limit=0),
        panels=panels_of("appointments.edit_service", service.id) if service else (),
    )


def conflict_page(service: Service, form: Form) -> str:
    """Return both versions of a service that somebody else has changed, to choose from field by field."""
    practitioners = {str(one.id): one.name for one in practitioner_service.all()}
    rooms = {str(one.id): one.name for one in room_service.all()}
    formatters = {
        "lengths": lambda text: ", ".join(text.split()),
        "practitioner_ids": lambda text: names_text(text.split(), practitioners, "Everyone"),
        "room_ids": lambda text: names_text(text.split(), rooms, "Any room, or none"),
    }
    differences = field_differences(LABELS, _texts(form.data), _texts(_stored(service)), formatters)
    return resources.conflict_page("appointments/service_conflict.html", service, differences, "services")


def _stored(service: Service) -> dict[str, Any]:
    names = ("lengths", "practitioner_ids", "room_ids", "notice_minutes", "horizon_days")
    return _plain_values(service) | {name: getattr(service, name) for name in names}


def _texts(data: Mapping[str, Any]) -> dict[str, str]:
    """Return a service's data with one text for each field of the form, as a radio button sends it."""
    spans = {"notice": (data["notice_minutes"], NOTICE_UNITS), "horizon": (data["horizon_days"], HORIZON_UNITS)}
    several = {name: " ".join(map(str, data[name])) for name in ("lengths", "practitioner_ids", "room_ids")}
    joined = {name: " ".join(split_units(amount, units)) if amount else "" for name, (amount, units) in spans.items()}
    return resources.texts(data, LABELS) | several | joined


def _plain_values(service: Service) -> dict[str, str]:
    names = ("name", "short_name", "buffer_before", "buffer_after", "colour")
    return resources.texts({name: getattr(service, name) for name in names}, names)


def _ticked(service: Service) -> dict[str, list[str]]:
    return {name: [str(one) for one in getattr(service, name)] for name in ("lengths", "practitioner_ids", "room_ids")}


def _is_choice(record: Any, chosen: Any) -> bool:
    return record.active or str(record.id) in chosen
