"""`flask patients consent`, `record-consent`, `withdraw-consent` and `undo-consent`."""

from collections.abc import Sequence

import click

from clinic.core.audit import record_view
from clinic.patients.commands.consent_options import answer_options, given_answers
from clinic.patients.commands.group import as_json, group
from clinic.patients.commands.patients import find_patient
from clinic.patients.consent_rules import GIVEN_SOURCES, Topic
from clinic.patients.schemas import ConsentChangeSchema, ConsentSchema, WithdrawalSchema
from clinic.patients.service import Consent, consent_service
from clinic.web.cli import load_options, show_record, show_rows, with_header
from clinic.web.cli_output import info

COLUMNS = ["purpose", "channel", "state", "source", "answered_on", "recorded_by", "note"]
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
    _show_change(before, consent_service.record(patient.id, **fields), as_json)


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
    _show_change(before, consent_service.withdraw_all(patient.id, **fields), as_json)


@group.command("undo-consent", needs="patients:write")
@click.argument("wanted", metavar="PATIENT")
@as_json
@with_header
def undo(wanted: str, as_json: bool) -> None:
    """Undo the latest change of a PATIENT's consent, within ten minutes."""
    patient = find_patient(wanted)
    before = consent_service.get(patient.id)
    _show_change(before, consent_service.undo(patient.id), as_json)


def _show_change(before: Consent, after: Consent, as_json: bool) -> None:
    """Show a changed consent: as JSON, or only the answers that changed."""
    record_view("consent_answers", None, after.id)
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
