"""`flask patients add`, `list` and `show`."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import reduce
from typing import Any

import click

from clinic.core.audit import record_listing, record_view
from clinic.patients.commands.consent_options import answer_options, given_answers
from clinic.patients.commands.group import as_json, group
from clinic.patients.consent_rules import Topic
from clinic.patients.rules import SEXES
from clinic.patients.schemas import PatientSchema
from clinic.patients.service import Patient, PatientNotFound, patient_service
from clinic.web.cli import load_options, show_record, show_rows, with_header
from clinic.web.cli_output import info

COLUMNS = ["mrn", "family_name", "given_name", "birth_date", "sex", "phone", "email", "id"]

MOST_CANDIDATES = 10

_OPTIONS = [
    click.option("--family-name"),
    click.option("--given-name"),
    click.option("--preferred-name"),
    click.option("--birth-date", help="YYYY-MM-DD, YYYY-MM or YYYY."),
    click.option("--sex", help=f"One of {', '.join(SEXES)}."),
    click.option("--pronouns"),
    click.option("--phone", help="With its country code, or of the clinic's country."),
    click.option("--email"),
    click.option("--language", help="In which to write: pt, pt-BR …"),
    click.option("--address"),
]


def patient_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the fields of a patient as options."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)


@group.command("add", needs="patients:write")
@patient_options
@answer_options
@as_json
def add(agree: Sequence[Topic], refuse: Sequence[Topic], as_json: bool, **options: str | None) -> None:
    """Register a patient, with what they answered when asked about consent."""
    answers = {"consent": given_answers(agree, refuse)} if agree or refuse else {}
    patient = patient_service.create(**load_options(PatientSchema(), options | answers))
    show_record(_dumped(patient), as_json=as_json)
    info(f"Registered {patient.mrn}. Next: flask appointments book --patient {patient.mrn} …")


@group.command("list", needs="patients:read")
@click.option("--search", "query", help="Parts of names, a number, a phone.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@as_json
@with_header
def list_patients(query: str | None, limit: int, as_json: bool) -> None:
    """List patients, the newest first, or those found by --search."""
    found = patient_service.search(query, limit=limit) if query else patient_service.list(limit=limit)
    record_listing("patients", (patient.id for patient in found.rows))
    rows = [_dumped(patient) for patient in found.rows]
    show_rows(rows, COLUMNS, as_json=as_json, table=lambda: [_without_id(row) for row in rows])


@group.command("show", needs="patients:read")
@click.argument("wanted", metavar="PATIENT")
@as_json
def show(wanted: str, as_json: bool) -> None:
    """Show the PATIENT of a record number, an id, or words that find only one: names, a phone number."""
    patient = find_patient(wanted)
    record_view("patients", patient.id, patient.id)
    show_record(_dumped(patient), as_json=as_json)


def find_patient(wanted: str) -> Patient:
    """Return the patient of a number or an id, or the only one that a search finds.

    :raises PatientNotFound: if there is none
    :raises click.UsageError: if there are several; it lists them
    """
    with suppress(PatientNotFound):
        return patient_service.identify(wanted)
    found = patient_service.search(wanted, limit=MOST_CANDIDATES)
    if not found.rows:
        raise PatientNotFound
    if len(found.rows) == 1:
        return found.rows[0]
    record_listing("patients", (patient.id for patient in found.rows))
    listed = "; ".join(f"{patient.mrn} {patient.full_name}" for patient in found.rows)
    raise click.UsageError(f"Several patients match, give a number: {listed}{' …' if found.next_key else ''}")


def _without_id(row: dict[str, Any]) -> dict[str, Any]:
    """Return what a table on a terminal shows of a patient: the record number identifies it."""
    return {column: row.get(column) for column in COLUMNS if column != "id"}


def _dumped(patient: Patient) -> dict[str, Any]:
    dumped: dict[str, Any] = PatientSchema().dump(patient)
    return dumped
