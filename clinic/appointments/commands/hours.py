"""The commands `flask hours …`."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import click
from marshmallow import ValidationError

from clinic.appointments.commands.resources import as_json
from clinic.appointments.hours.weeks import WEEKDAYS
from clinic.appointments.schemas.hours import (
    DAYS,
    MOST_PROPOSED,
    MOST_SHOWN,
    TWO_CHOICES,
    HolidayImport,
    HoursSchema,
    OutsideSchema,
    WeekChange,
)
from clinic.appointments.schemas.planned import ClosureChange, ClosureSchema, HoursExceptionSchema, NewException
from clinic.appointments.service import (
    Choices,
    Holiday,
    Hours,
    Preview,
    closure_service,
    hours_exception_service,
    hours_service,
    outcome_text,
    practitioner_service,
    propose_times,
)
from clinic.core.audit import record_listing
from clinic.web.cli import CommandGroup, load_options, show_record, show_rows, with_header
from clinic.web.cli_output import info

COLUMNS = ["valid_from", "valid_until", "day", "starts", "ends", "room_id"]
OUTSIDE_COLUMNS = ["starts_at", "ends_at", "reason", "patient_id", "practitioner_id", "appointment_id", "proposals"]
HOLIDAY_COLUMNS = ["day", "name", "optional", "closed", "booked"]

group = CommandGroup("hours", clinic=True, help="Working hours, opening hours, leave and closures.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Only list the booked appointments that fall outside.")
choice_option = click.option(
    "--appointment",
    "appointments",
    multiple=True,
    metavar="ID=CHOICE",
    help="What becomes of one that falls outside: keep, cancel, or a new start like 2026-11-23T09:30:00Z.",
)
span_options = (
    click.argument("first_day", metavar="FIRST_DAY"),
    click.argument("last_day", metavar="[LAST_DAY]", required=False),
    click.option("--starts", metavar="TIME", help="From this time on each day; all day unless given."),
    click.option("--ends", metavar="TIME", help="Until this time on each day."),
)


def with_span(command: Any) -> Any:
    """Add the days of an exception or a closure, and the times on them."""
    for option in reversed(span_options):
        command = option(command)
    return command


def with_days(command: Any) -> Any:
    """Add an option for the hours of each day of the week."""
    for code, name in reversed(list(zip(DAYS, WEEKDAYS, strict=True))):
        command = click.option(f"--{code}", metavar="HOURS", help=f"{name}, e.g. 8-12:30,13:15-17")(command)
    return command


@group.command("show", needs="appointments:read")
@click.argument("practitioner", metavar="[PRACTITIONER]", required=False)
@as_json
@with_header
def show(practitioner: str | None, as_json: bool) -> None:
    """Show the weekly hours of a practitioner, or without one the opening hours."""
    _show_hours(hours_service.get(_owner(practitioner)), as_json=as_json)


@group.command("set", needs="schedule:write")
@click.argument("practitioner", metavar="[PRACTITIONER]", required=False)
@with_days
@click.option("--valid-from", metavar="DAY", help="The first day of these hours, YYYY-MM-DD.")
@click.option("--valid-until", metavar="DAY", help="Their last day, YYYY-MM-DD.")
@choice_option
@dry_run_option
@as_json
def set_hours(
    practitioner: str | None, appointments: tuple[str, ...], dry_run: bool, as_json: bool, **options: str | None
) -> None:
    """Set the week of a practitioner, or the opening hours; days that are not given are free.

    Appointments that fall outside are counted, or listed with --dry-run; they stay as booked unless chosen otherwise.
    """
    owner, week = _owner(practitioner), _read_week(options, appointments)
    choices = week.pop("choices")
    preview = hours_service.preview_week(owner, **week)
    if dry_run:
        _show_preview(preview, as_json=as_json)
    else:
        _show_hours(hours_service.set_week(owner, choices=choices, **week), as_json=as_json)
        info(_outcome(preview, choices))


@group.command("leave", needs="schedule:write")
@click.argument("practitioner")
@with_span
@click.option("--note")
@choice_option
@dry_run_option
@as_json
def leave(
    practitioner: str, appointments: tuple[str, ...], dry_run: bool, as_json: bool, **options: str | None
) -> None:
    """Plan leave of a practitioner; appointments stay as booked unless chosen otherwise."""
    given = {"practitioner_id": str(_owner(practitioner)), "kind": "leave", "appointments": _typed(appointments)}
    fields = load_options(NewException(), given | options)
    choices = fields.pop("choices")
    preview = hours_exception_service.preview(None, fields)
    if dry_run:
        _show_preview(preview, as_json=as_json)
    else:
        exception = hours_exception_service.create(choices=choices, **fields)
        show_record(HoursExceptionSchema().dump(exception), as_json=as_json)
        info(_outcome(preview, choices))


@group.command("close", needs="schedule:write")
@click.argument("name")
@with_span
@choice_option
@dry_run_option
@as_json
def close(appointments: tuple[str, ...], dry_run: bool, as_json: bool, **options: str | None) -> None:
    """Close the clinic on some days; appointments stay as booked unless chosen otherwise."""
    fields = load_options(ClosureChange(), options | {"appointments": _typed(appointments)})
    choices = fields.pop("choices")
    preview = closure_service.preview(None, fields)
    if dry_run:
        _show_preview(preview, as_json=as_json)
    else:
        show_record(ClosureSchema().dump(closure_service.create(choices=choices, **fields)), as_json=as_json)
        info(_outcome(preview, choices))


@group.command("import-holidays", needs="schedule:write")
@click.option("--year", required=True)
@click.option("--all", "with_optional", is_flag=True, help="Also the optional ones, on which many clinics are open.")
@click.option("--dry-run", "act", flag_value="list", help="Only list them, and count what falls outside.")
@click.option("--outside", "act", flag_value="outside", help="Only list the booked appointments that fall outside.")
@choice_option
@as_json
@with_header
def import_holidays(
    year: str, with_optional: bool, act: str | None, appointments: tuple[str, ...], as_json: bool
) -> None:
    """Close the clinic on the public holidays of a year, besides those that are saved already.

    Appointments stay as booked unless chosen otherwise.
    """
    options = load_options(HolidayImport(), {"year": year, "appointments": _typed(appointments)})
    chosen, choices = options["year"], options.get("choices", {})
    listed = closure_service.holidays(chosen)
    wanted = {one.day for one in listed if one.saved or with_optional or not one.optional}
    preview = closure_service.preview_holidays(chosen, wanted)
    if act == "outside":
        _show_preview(preview, as_json=as_json)
        return
    saved = 0 if act else closure_service.save_holidays(chosen, wanted, choices=choices)
    show_rows([_holiday_row(one, wanted) for one in listed], HOLIDAY_COLUMNS, as_json=as_json)
    info(f"Saved {saved} public holidays of {chosen}" if listed else "No list for this country: use flask hours close")
    if preview.outside:
        info(preview.text if act else _outcome(preview, choices))


def _holiday_row(one: Holiday, wanted: Collection[date]) -> dict[str, Any]:
    return {
        "day": one.day.isoformat(),
        "name": one.name,
        "optional": one.optional,
        "closed": one.day in wanted,
        "booked": one.booked,
    }


def _owner(practitioner: str | None) -> UUID | None:
    return practitioner_service.identify(practitioner).id if practitioner else None


def _read_week(options: Mapping[str, str | None], appointments: Sequence[str]) -> dict[str, Any]:
    """Load the options of a week.

    :raises ValidationError: with every problem, by option
    """
    texts = [(code, text) for code in DAYS for text in (options.get(code) or "").split(",") if text.strip()]
    ranges = [_range(code, text) for code, text in texts]
    days = {name: options[name] for name in ("valid_from", "valid_until")}
    try:
        return load_options(WeekChange(), {"ranges": ranges, "appointments": _typed(appointments), **days})
    except ValidationError as error:
        problems = dict(error.messages_dict)
        by_option: dict[str, list[str]] = {}
        for position, found in problems.pop("ranges", {}).items():
            code, text = texts[position]
            messages = dict.fromkeys(message for field in found.values() for message in field)
            by_option.setdefault(code, []).extend(_named(message, text) for message in messages)
        raise ValidationError(by_option | problems) from error


def _typed(appointments: Sequence[str]) -> dict[str, str]:
    """Return the options `--appointment ID=CHOICE` as the schemas take them."""
    pairs = (text.partition("=") for text in appointments)
    choices = {appointment_id.strip(): choice.strip() for appointment_id, _, choice in pairs}
    if len(choices) < len(appointments):
        raise click.BadParameter(TWO_CHOICES, param_hint="--appointment")
    return choices


def _range(code: str, text: str) -> dict[str, str]:
    starts, _, ends = text.replace("–", "-").partition("-")
    return {"day": code, "starts": starts.strip(), "ends": ends.strip()}


def _named(message: str, text: str) -> str:
    """Return a message with the range that it is about."""
    return message if message.startswith(WEEKDAYS) else f"{message}, not {text.strip()}"


def _show_hours(hours: Hours, *, as_json: bool) -> None:
    dumped: dict[str, Any] = HoursSchema().dump(hours)
    if as_json:
        show_record(dumped, as_json=True)
        return
    rows = [week | one for week in dumped["weeks"] for one in week["ranges"]]
    show_rows(rows, COLUMNS)
    if not rows:
        info("No hours are set: bookable at any time" if hours.practitioner_id else "No opening hours are set")


def _show_preview(preview: Preview, *, as_json: bool) -> None:
    shown = propose_times(preview, MOST_PROPOSED).outside[:MOST_SHOWN]
    record_listing("appointments", (one.appointment.patient_id for one in shown))
    rows: list[dict[str, Any]] = [OutsideSchema().dump(one) for one in shown]
    texts = [row | {"proposals": " ".join(row["proposals"])} for row in rows]
    show_rows(rows if as_json else texts, OUTSIDE_COLUMNS, as_json=as_json)
    info(f"{preview.text}. Nothing was changed")


def _outcome(preview: Preview, choices: Choices) -> str:
    """Return how many appointments fall outside, and what became of them: `1 booked … hours: 1 moved`."""
    text = outcome_text(len(preview.outside), choices)
    return f"{preview.text}: {text}" if text else preview.text
