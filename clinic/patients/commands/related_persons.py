"""`flask patients related`, `add-related`, `edit-related`, `end-related` and `restore-related`."""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any
from uuid import UUID

import click

from clinic.core.audit import record_view
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.commands.group import as_json, group
from clinic.patients.commands.patients import find_patient
from clinic.patients.related_rules import ROLES
from clinic.patients.schemas.related_persons import RelatedPersonSchema
from clinic.patients.service import RelatedPerson, related_person_service
from clinic.web.cli import load_options, show_record, show_rows, with_header
from clinic.web.merge_patch import patch_schema

COLUMNS = ["roles", "other_patient_id", "name", "relationship", "phone", "email", "ended_at", "id"]
_OPTIONS = [
    click.option("--other", metavar="PATIENT", help="Another patient of the clinic."),
    click.option("--name", help="The name of somebody who is no patient."),
    click.option("--phone", help="With its country code, or of the clinic's country."),
    click.option("--email"),
    click.option("--relationship", help="In words: mother, neighbour."),
    click.option("--role", "roles", metavar="ROLE", multiple=True, help=f"One of {', '.join(ROLES)}; repeatable."),
]


def _person_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the fields of a related person as options."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)


@group.command("related", needs="patients:read")
@click.argument("wanted", metavar="PATIENT")
@click.option("--all", "show_all", is_flag=True, help="Former ones too.")
@as_json
@with_header
def list_related(wanted: str, show_all: bool, as_json: bool) -> None:
    """List contact persons, guardians and payers of a PATIENT."""
    patient = find_patient(wanted)
    found = related_person_service.list(patient.id, ended=show_all)
    record_view("related_persons", None, patient.id)
    show_rows(RelatedPersonSchema(many=True).dump(found), COLUMNS, as_json=as_json)


@group.command("add-related", needs="patients:write")
@click.argument("wanted", metavar="PATIENT")
@_person_options
@as_json
def add(wanted: str, as_json: bool, **options: Any) -> None:
    """Add a contact person, guardian or payer of a PATIENT.

    For example: flask patients add-related P-000049 --other P-000012 --role guardian --role payer --relationship mother
    """
    fields = load_options(RelatedPersonSchema(), _given(options))
    patient = find_patient(wanted)
    _save(lambda: related_person_service.create(patient.id, **fields), as_json)


@group.command("edit-related", needs="patients:write")
@click.argument("person_id", type=click.UUID)
@_person_options
@as_json
def edit(person_id: UUID, as_json: bool, **options: Any) -> None:
    """Change the given fields of a related person."""
    fields = load_options(patch_schema(RelatedPersonSchema), _given(options))
    _save(lambda: related_person_service.update(person_id, **fields), as_json)


@group.command("end-related", needs="patients:write")
@click.argument("person_id", type=click.UUID)
@as_json
def end(person_id: UUID, as_json: bool) -> None:
    """End that a person is related to a patient."""
    _save(lambda: related_person_service.end(person_id), as_json)


@group.command("restore-related", needs="patients:write")
@click.argument("person_id", type=click.UUID)
@as_json
def restore(person_id: UUID, as_json: bool) -> None:
    """Take back that a related person was ended."""
    _save(lambda: related_person_service.restore(person_id), as_json)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options as a program sends them."""
    other: str | None = options.pop("other")
    roles: Sequence[str] = options.pop("roles")
    found = {"other_patient_id": str(find_patient(other).id)} if other else {}
    return options | found | ({"roles": list(roles)} if roles else {})


def _save(change: Callable[[], RelatedPerson], as_json: bool) -> None:
    """Carry out a change, record the view of its record with it, and show the record."""
    with unit_of_work():
        person = change()
        record_view("related_persons", person.id, person.patient_id)
    show_record(RelatedPersonSchema().dump(person), as_json=as_json)
