"""The page that compares two records and merges them, and the notice about merged records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from clinic.audit.service import LastChange, audit_service
from clinic.core.audit import record_listing
from clinic.core.errors import ClinicError, StaleVersion
from clinic.core.modules import Panel, RecordLabels, list_badges, registered_modules
from clinic.core.subject_merge import Obstacle
from clinic.identity.actor_names import actor_names
from clinic.patients.merging.choices import Choices
from clinic.patients.pages.blueprint import blueprint
from clinic.patients.pages.record_texts import FORMATTERS, LABELS
from clinic.patients.schemas.merging import choices_of_form
from clinic.patients.service import (
    DUPLICATES,
    MergeRefused,
    Patient,
    PatientMerged,
    UnmergeRefused,
    duplicate_service,
    merge_service,
    patient_service,
)
from clinic.web.authorization import requires
from clinic.web.forms import posted_from, refuse, sent_version
from clinic.web.idempotency import idempotent
from clinic.web.json_api import ListQuery
from clinic.web.list_views import next_url, parse_list_query
from clinic.web.record_link import RecordLink, record_link
from clinic.web.toasts import flash_with_undo

PAGE = 20
DIED_ON = {"deceased_on": "Died on"}


@dataclass(frozen=True)
class ChangedRecord:
    """A record that stands in the way of undoing a merge, with who changed it last."""

    link: RecordLink
    change: LastChange | None


@blueprint.errorhandler(PatientMerged)
def redirect_to_survivor(error: PatientMerged) -> ResponseReturnValue:
    """Redirect from a page of a merged record to that of the record that remains; a form is refused."""
    if request.method != "GET":
        return render_template("patients/gone.html", error=error), 410
    flash(error.message)
    return redirect(url_for("patients.show", patient_id=error.survivor_id))


@blueprint.get("/<uuid:patient_id>/merge/<uuid:other_id>")
@requires("patients:merge")
def merge(patient_id: UUID, other_id: UUID) -> ResponseReturnValue:
    """Compare two records, and show what merging the second one into the first would do."""
    return _merge_page(patient_id, other_id, Choices())


@blueprint.post("/<uuid:patient_id>/merge/<uuid:other_id>")
@requires("patients:merge")
@idempotent
def merge_records(patient_id: UUID, other_id: UUID) -> ResponseReturnValue:
    """Merge the two records, record that they are two people, or show the preview of what was chosen."""
    survivor, merged = (other_id, patient_id) if request.form.get("survivor") == "other" else (patient_id, other_id)
    try:
        choices = choices_of_form(request.form.getlist)
    except ValidationError:
        choices = Choices()
    if request.form.get("act") == "separate":
        found = duplicate_service.separate(patient_id, other_id)
        flash(f"{found.first.mrn} and {found.second.mrn} are two people")
        return redirect(url_for(".duplicates"), 303)
    if survivor != patient_id:
        return redirect(url_for(".merge", patient_id=survivor, other_id=merged), 303)
    if request.form.get("act") == "preview":
        return _merge_page(survivor, merged, choices), 200
    versions = {name: sent_version(name) for name in ("version", "merged_version")}
    try:
        done = merge_service.merge(survivor, merged, choices=choices, **versions)
    except (MergeRefused, StaleVersion) as error:
        return refuse(_merge_page(survivor, merged, choices, error), error)
    numbers = patient_service.numbers((survivor, merged))
    text = f"{numbers[merged]} merged into {numbers[survivor]}."
    flash_with_undo(text, url_for(".unmerge", merge_id=done.id), version=done.version)
    return redirect(url_for(".show", patient_id=survivor), 303)


@blueprint.get("/merges")
@requires("patients:merge")
def merges() -> ResponseReturnValue:
    """List the merges that are not undone, the latest first."""
    _, after = parse_list_query(ListQuery(only=("cursor",)))
    found = merge_service.list(limit=PAGE, after=after)
    patients = patient_service.get_many(one for row in found.rows for one in (row.survivor_id, row.merged_id))
    record_listing("patients", patients)
    return render_template(
        "patients/merges.html",
        found=found,
        patients=patients,
        names=actor_names(row.merged_by for row in found.rows),
        counts=duplicate_service.counts(),
        total=merge_service.count(),
        next_url=next_url(found, {}),
    )


@blueprint.route("/merges/<uuid:merge_id>/undo", methods=["GET", "POST"])
@requires("patients:merge")
@posted_from(".duplicates")
@idempotent
def unmerge(merge_id: UUID) -> ResponseReturnValue:
    """Undo a merge, or show what stands in the way."""
    found = merge_service.get(merge_id)
    survivor_id = found.survivor_id
    try:
        merge_service.unmerge(merge_id)
    except UnmergeRefused as error:
        patient = patient_service.get(survivor_id)
        changed = changed_records([Obstacle("", (record,)) for record in error.records])
        return refuse(render_template("patients/unmerge.html", patient=patient, changed=changed), error)
    flash("The merge is undone: both records are back")
    return redirect(url_for(".show", patient_id=survivor_id), 303)


def merge_panels(patient: Patient) -> Sequence[Panel]:
    """Return the notices about the records that were merged into a patient's."""
    merges = [one for one in merge_service.list_of([patient.id]) if one.survivor_id == patient.id]
    if not merges:
        return ()
    context = {
        "merges": merges,
        "numbers": patient_service.numbers(one.merged_id for one in merges),
        "names": actor_names(one.merged_by for one in merges),
    }
    return (Panel("patients/_merged.html", context, "top"),)


def changed_records(obstacles: Sequence[Obstacle]) -> list[ChangedRecord]:
    """Return what has changed since a merge by name, with a link for those who may open it, and who changed it."""
    labels = {table: one for module in registered_modules() for table, one in module.get_audit_labels().items()}
    records = {record for obstacle in obstacles for record in obstacle.records}
    return [
        ChangedRecord(_link(labels[table], row_id), audit_service.last_change(table, row_id))
        for table, row_id in sorted(records)
    ]


def _link(labels: RecordLabels, row_id: UUID) -> RecordLink:
    named = labels.names({row_id}).get(row_id, "") if labels.names else ""
    text = f"{labels.singular} {named}".strip()
    if labels.endpoint is None or labels.argument is None:
        return RecordLink(text)
    return record_link(text, labels.endpoint, **{labels.argument: row_id})


def _merge_page(survivor_id: UUID, merged_id: UUID, choices: Choices, error: ClinicError | None = None) -> str:
    preview = merge_service.preview(survivor_id, merged_id, choices)
    record_listing("patients", (survivor_id, merged_id))
    return render_template(
        "patients/merge.html",
        preview=preview,
        labels=LABELS | DIED_ON,
        text=_text,
        likeness=duplicate_service.likeness(preview.survivor, preview.merged),
        columns=[column for one in list_badges(DUPLICATES, (survivor_id, merged_id)) for column in one.columns],
        error=error,
    )


def _text(name: str, value: Any) -> str:
    """Return a value of a field as the page shows it."""
    formatters: Mapping[str, Any] = FORMATTERS
    if value is None:
        return "Not provided"
    return str(formatters[name](value)) if name in formatters and "on" not in str(value) else str(value)
