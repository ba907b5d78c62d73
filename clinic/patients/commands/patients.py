"""`flask patients add`, `edit`, `use-contact`, `list` and `show`."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import IO, Any

import click

from clinic.core.audit import record_listing, record_view
from clinic.core.db.pagination import Page
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.commands.candidates import show_candidates
from clinic.patients.commands.consent_options import answer_options, given_answers
from clinic.patients.commands.group import as_json, group
from clinic.patients.commands.guardian_options import guardian_options, pop_guardian
from clinic.patients.consent_rules import Topic
from clinic.patients.contact_rules import uses_of
from clinic.patients.lists import CONSENTS, SORTS, STATUSES
from clinic.patients.rules import SEXES
from clinic.patients.schemas.patient_list import PatientQuery, list_options, sort_of
from clinic.patients.schemas.patient_lists import UseContactSchema
from clinic.patients.schemas.patients import REGISTRATION_ONLY, PatientSchema
from clinic.patients.service import Patient, PatientPage, duplicate_service, patient_service
from clinic.web.cli import load_options, show_record, show_rows, with_header
from clinic.web.cli_output import info
from clinic.web.merge_patch import patch_schema

COLUMNS = ["mrn", "family_name", "given_name", "birth_date", "sex", "phone", "email", "id"]

_OPTIONS = [
    click.option("--family-name"),
    click.option("--given-name"),
    click.option("--preferred-name"),
    click.option("--birth-date", help="YYYY-MM-DD, YYYY-MM or YYYY."),
    click.option("--estimated-age", metavar="YEARS", help="If no birth date is known."),
    click.option("--age-on", metavar="DAY", help="The day of that age, YYYY-MM-DD; today unless given."),
    click.option("--sex", help=f"One of {', '.join(SEXES)}."),
    click.option("--pronouns"),
    click.option("--phone", help="With its country code, or of the clinic's country."),
    click.option("--phone-use", help=f"One of {', '.join(uses_of('phone', in_use=True))}."),
    click.option("--email"),
    click.option("--email-use", help=f"One of {', '.join(uses_of('email', in_use=True))}."),
    click.option("--language", help="In which to write: pt, pt-BR …"),
    click.option("--address"),
    click.option("--address-use", help=f"One of {', '.join(uses_of('address', in_use=True))}."),
    click.option(
        "--from",
        "source",
        type=click.File(),
        metavar="FILE",
        help="A JSON object with fields as the API has them, lists too; - is the standard input. Options come first.",
    ),
]


def patient_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the fields of a patient as options."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)


@group.command("add", needs="patients:write")
@patient_options
@guardian_options
@answer_options
@as_json
def add(
    agree: Sequence[Topic], refuse: Sequence[Topic], as_json: bool, source: IO[str] | None, **options: str | None
) -> None:
    """Register a patient, with what they answered when asked about consent; of a child, the guardian.

    For example: flask patients add --given-name Tiago --birth-date 2018-09-09 --guardian P-000012
    """
    answers = {"consent": given_answers(agree, refuse)} if agree or refuse else {}
    guardian = pop_guardian(options, find_patient)
    fields = load_options(PatientSchema(), _read(source) | _given(options) | answers | guardian)
    with unit_of_work():
        patient = patient_service.create(**fields)
        candidates = duplicate_service.candidates_of(patient)
    show_record(_dumped(patient), as_json=as_json)
    show_candidates(candidates)
    info(f"Registered {patient.mrn}. Next: flask appointments book --patient {patient.mrn} …")


@group.command("edit", needs="patients:write")
@click.argument("wanted", metavar="PATIENT")
@patient_options
@as_json
def edit(wanted: str, as_json: bool, source: IO[str] | None, **options: str | None) -> None:
    """Change fields of a PATIENT; an empty text clears a field, a list of --from replaces the one on record."""
    given = _read(source) | _given(options)
    if not given:
        raise click.UsageError("give a field that is to change, or --from")
    patient = find_patient(wanted)
    schema = patch_schema(PatientSchema, exclude=REGISTRATION_ONLY, stored_phones=lambda: patient.phones)
    fields = schema.load(given)
    with unit_of_work():
        changed = patient_service.update(patient.id, version=None, **fields)
        candidates = duplicate_service.candidates_of(changed)
        record_view("patients", changed.id, changed.id)
    _show_saved(changed, as_json)
    show_candidates(candidates)


@group.command("use-contact", needs="patients:write")
@click.argument("wanted", metavar="PATIENT")
@click.option("--kind", required=True, help="One of phone, email, address.")
@click.option("--value", required=True, help="One of the others on record, as `flask patients show` prints it.")
@as_json
def use_contact(wanted: str, as_json: bool, **options: str | None) -> None:
    """Use another phone, email or address of a PATIENT; the one that was used becomes one of the others."""
    patient = find_patient(wanted)
    fields = load_options(UseContactSchema(), options)
    with unit_of_work():
        changed = patient_service.use_contact(patient.id, **fields)
        record_view("patients", changed.id, changed.id)
    _show_saved(changed, as_json)


@group.command("list", needs="patients:read")
@click.option("--search", "query", help="Parts of names, a number, a phone.")
@click.option("--status", help=f"One of {', '.join(STATUSES)}; archived ones are left out by default.")
@click.option("--balance", help="Only those with something to pay: due.")
@click.option("--no-visit", help="Without a visit in the last 6, 12 or 24 months.")
@click.option("--consent", help=f"One of {', '.join(CONSENTS)}.")
@click.option("--updated-since", help="Changed since then, the archived too: 2026-11-23T09:30:00+01:00.")
@click.option("--sort", help=f"One of {', '.join(SORTS)}, reversed by a minus before it.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@as_json
@with_header
def list_patients(query: str | None, limit: int, as_json: bool, **options: str | None) -> None:
    """List patients, the newest first, or those found by --search, which goes with no filter."""
    filters = load_options(PatientQuery(exclude=("q", "limit", "cursor")), options)
    if query and filters:
        raise click.UsageError("--search goes with no filter and no --sort")
    if query:
        found: Page[Patient] | PatientPage = patient_service.search(query, limit=limit)
    else:
        found = patient_service.list(**list_options(filters), sort=sort_of(filters), limit=limit)
    patient_service.load_details(found.rows)
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
    :raises SeveralPatients: if there are several; it lists them
    """
    return patient_service.choose(wanted)


def _read(source: IO[str] | None) -> dict[str, Any]:
    """Return the fields of a file.

    :raises click.UsageError: if it is no JSON object
    """
    try:
        given = json.load(source) if source else {}
    except ValueError as error:
        raise click.UsageError("--from: the file is not JSON in UTF-8") from error
    if not isinstance(given, dict):
        raise click.UsageError("--from: the file has no JSON object")
    return given


def _given(options: Mapping[str, str | None]) -> dict[str, Any]:
    """Return the options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def _show_saved(patient: Patient, as_json: bool) -> None:
    """Show a changed patient, whose view is recorded with the change."""
    show_record(_dumped(patient), as_json=as_json)
    info(f"Saved {patient.mrn}")


def _without_id(row: dict[str, Any]) -> dict[str, Any]:
    """Return what a table on a terminal shows of a patient: the record number identifies it."""
    return {column: row.get(column) for column in COLUMNS if column != "id"}


def _dumped(patient: Patient) -> dict[str, Any]:
    dumped: dict[str, Any] = PatientSchema().dump(patient)
    return dumped
