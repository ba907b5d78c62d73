"""`flask patients archive`, `restore`, `record-death` and `undo-death`."""

from collections.abc import Callable
from typing import Any

import click

from clinic.core.audit import record_view
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.commands.group import as_json, group
from clinic.patients.commands.patients import find_patient
from clinic.patients.schemas.patients import PatientSchema
from clinic.patients.schemas.record_states import DeathSchema
from clinic.patients.service import Patient, patient_service
from clinic.web.cli import load_options, show_record
from clinic.web.cli_output import info


@group.command("archive", needs="patients:write")
@click.argument("wanted", metavar="PATIENT")
@as_json
def archive(wanted: str, as_json: bool) -> None:
    """Archive the record of a PATIENT: it is in no list and no search, and is neither booked nor billed anew."""
    patient = _saved(patient_service.archive, wanted)
    _show(patient, as_json, f"Archived {patient.mrn}. To restore it: flask patients restore {patient.mrn}")


@group.command("restore", needs="patients:write")
@click.argument("wanted", metavar="PATIENT")
@as_json
def restore(wanted: str, as_json: bool) -> None:
    """Restore the archived record of a PATIENT."""
    patient = _saved(patient_service.restore, wanted)
    _show(patient, as_json, f"Restored {patient.mrn}")


@group.command("record-death", needs="patients:write")
@click.argument("wanted", metavar="PATIENT")
@click.option("--on", "deceased_on", metavar="DAY", help="The day, YYYY-MM-DD.  [required]")
@as_json
def record_death(wanted: str, deceased_on: str | None, as_json: bool) -> None:
    """Record the day on which a PATIENT died: nothing is booked and no message is sent any more."""
    fields = load_options(DeathSchema(), {"deceased_on": deceased_on})
    patient = _saved(patient_service.record_death, wanted, **fields)
    _show(patient, as_json, f"Recorded for {patient.mrn}. To take it back: flask patients undo-death {patient.mrn}")


@group.command("undo-death", needs="patients:write")
@click.argument("wanted", metavar="PATIENT")
@as_json
def undo_death(wanted: str, as_json: bool) -> None:
    """Take back that a PATIENT has died."""
    patient = _saved(patient_service.undo_death, wanted)
    _show(patient, as_json, f"Taken back for {patient.mrn}")


def _saved(change: Callable[..., Patient], wanted: str, **fields: Any) -> Patient:
    """Change a record with a method of the service, record the view with it, and return the record."""
    found = find_patient(wanted)
    with unit_of_work():
        patient = change(found.id, **fields)
        patient_service.load_details([patient])
        record_view("patients", patient.id, patient.id)
    return patient


def _show(patient: Patient, as_json: bool, text: str) -> None:
    show_record(PatientSchema().dump(patient), as_json=as_json)
    info(text)
