"""`flask patients consent`, `record-consent`, `withdraw-consent` and `undo-consent`."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import click

from clinic.core.audit import record_view
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.commands.consent_options import answer_options, given_answers
from clinic.patients.commands.group import as_json, group
from clinic.patients.commands.patients import find_patient
from clinic.patients.consent_rules import GIVEN_SOURCES, Topic
from clinic.patients.schemas.consent import ConsentChangeSchema, ConsentSchema, WithdrawalSchema
from clinic.patients.service import Consent, consent_service, topic_label
from clinic.web.cli import load_options, show_record, show_rows, with_header
from clinic.web.cli_output import info

COLUMNS = ["purpose", "channel", "state", "source", "answered_on", "by_guardian", "recorded_by", "note"]
_SOURCE = f"One of {', '.join(GIVEN_SOURCES)}."


@group.command("consent", needs="patients:read")
@click.argument("wanted", metavar="PATIENT")
@as_json
@with_header
def show(wanted: str, as_json: bool) -> None:
    """Show what a PATIENT agrees to, for each purpose and channel."""
    patient = find_patient(wanted)
    consent = consent_service.get(patient.id)
    record_view("consent_answers", None, patient.id)
    dumped = ConsentSchema().dump(consent)
    if as_json:
        show_record(dumped, as_json=True)
    else:
        show_rows(dumped["answers"], COLUMNS)


@group.command("record-consent", needs="patients:write")
@click.argument("wanted", metavar="PATIENT")
@answer_options
@click.option("--source", help=_SOURCE)
@click.option("--answered-on", metavar="DAY", help="The day of the answer, YYYY-MM-DD; today unless given.")
@click.option("--note")
@as_json
@with_header
def record(wanted: str, agree: Sequence[Topic], refuse: Sequence[Topic], as_json: bool, **options: str | None) -> None:
    """Record what a PATIENT answered: a yes to --agree, a no to --refuse.

    For example: flask patients record-consent P-000049 --agree reminders:sms --source in-person
    """
    if not agree and not refuse:
        raise click.UsageError("give --agree or --refuse")
    patient = find_patient(wanted)
    fields = load_options(ConsentChangeSchema(), options | {"answers": given_answers(agree, refuse)})
    before = consent_service.get(patient.id)
    _show_change(before, _saved(consent_service.record, patient.id, **fields), as_json)


@group.command("withdraw-consent", needs="patients:write")
@click.argument("wanted", metavar="PATIENT")
@click.option("--source", help=_SOURCE)
@click.option("--answered-on", metavar="DAY", help="The day of the answer, YYYY-MM-DD; today unless given.")
@click.option("--note")
@as_json
@with_header
def withdraw(wanted: str, as_json: bool, **options: str | None) -> None:
    """Record that a PATIENT wants no message of any kind, by any channel."""
    patient = find_patient(wanted)
    fields = load_options(WithdrawalSchema(), options)
    before = consent_service.get(patient.id)
    after = _saved(consent_service.withdraw_all, patient.id, **fields)
    _show_change(before, after, as_json)
    if after.kept:
        kept = ", ".join(topic_label((one.purpose, one.channel)) for one in after.kept)
        info(f"Still agreed to, on a later day: {kept}")


@group.command("undo-consent", needs="patients:write")
@click.argument("wanted", metavar="PATIENT")
@as_json
@with_header
def undo(wanted: str, as_json: bool) -> None:
    """Undo the latest change of a PATIENT's consent, within ten minutes."""
    patient = find_patient(wanted)
    before = consent_service.get(patient.id)
    _show_change(before, _saved(consent_service.undo, patient.id), as_json)


def _saved(change: Callable[..., Consent], patient_id: UUID, **fields: Any) -> Consent:
    """Change the consent of a patient with a method of the service, record the view with it, and return it."""
    with unit_of_work():
        consent = change(patient_id, **fields)
        record_view("consent_answers", None, consent.id)
    return consent


def _show_change(before: Consent, after: Consent, as_json: bool) -> None:
    """Show a changed consent: as JSON, or only the answers that changed."""
    dumped = ConsentSchema().dump(after)
    changed = [
        row
        for row, old, new in zip(dumped["answers"], before.answers, after.answers, strict=True)
        if old.state != new.state
    ]
    if as_json:
        show_record(dumped, as_json=True)
    else:
        show_rows(changed, COLUMNS)
    info(f"Changed: {len(changed)}")
