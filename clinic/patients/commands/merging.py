"""`flask patients merge` and `unmerge`."""

import sys
from typing import Any

import click

from clinic.core.audit import record_listing
from clinic.patients.commands.group import as_json, group
from clinic.patients.merging.choices import SEVERAL, SIDES, SINGLE, Choices
from clinic.patients.schemas.merging import MergePreviewSchema, MergeRecordSchema
from clinic.patients.service import MergePreview, merge_service, patient_service
from clinic.web.cli import show_record, show_rows
from clinic.web.cli_output import info


def _chosen(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Read `name=side`.

    :raises click.BadParameter: if it is none
    """
    pairs = [value.partition("=")[::2] for value in values]
    if any(name not in (*SINGLE, *SEVERAL) or side not in SIDES for name, side in pairs):
        raise click.BadParameter(f"enter FIELD=survivor or FIELD=merged, a field of {', '.join((*SINGLE, *SEVERAL))}")
    return dict(pairs)


@group.command("merge", needs="patients:merge")
@click.argument("survivor", metavar="PATIENT")
@click.argument("merged", metavar="OTHER")
@click.option("--keep", multiple=True, callback=_chosen, metavar="FIELD=SIDE", help="Which value to keep.")
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def merge(survivor: str, merged: str, keep: dict[str, str], *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Merge OTHER into PATIENT, with the records of every module; the number of OTHER leads to PATIENT from then on.

    For example: flask patients merge P-000049 P-000112 --keep given_name=merged --dry-run
    """
    choices = Choices(
        {name: side for name, side in keep.items() if name in SINGLE},
        {name: (side,) for name, side in keep.items() if name in SEVERAL},
    )
    ids = patient_service.choose(survivor).id, patient_service.choose(merged).id
    preview = merge_service.preview(*ids, choices)
    record_listing("patients", ids)
    _show_preview(preview, as_json=as_json and dry_run)
    if dry_run:
        return
    _confirm(preview, yes=yes)
    found = merge_service.merge(*ids, choices=choices)
    if as_json:
        show_record(_dumped(found), as_json=True)
    kept, gone = preview.survivor.mrn, preview.merged.mrn
    info(f"Merged {gone} into {kept}. To undo: flask patients unmerge {kept} {gone}")


@group.command("unmerge", needs="patients:merge")
@click.argument("survivor", metavar="PATIENT")
@click.argument("merged", metavar="[OTHER]", required=False)
@as_json
def unmerge(survivor: str, merged: str | None, as_json: bool) -> None:
    """Undo the merging of OTHER, by its number or id, into PATIENT, or else the latest one.

    What was added since stays with PATIENT.
    """
    patient = patient_service.choose(survivor)
    found = merge_service.find(patient.id, merge_service.merged_id(merged) if merged else None)
    show_record(_dumped(merge_service.unmerge(found.id)), as_json=as_json)


def _show_preview(preview: MergePreview, *, as_json: bool) -> None:
    dumped: Any = MergePreviewSchema().dump(preview)
    if as_json:
        show_record(dumped, as_json=True)
        return
    show_rows(dumped["moves"], ["label", "moved", "after"])
    for one in preview.differing:
        info(f"{one.name}: {one.survivor} / {one.merged}: keeps {' and '.join(one.kept)}")
    for obstacle in preview.obstacles:
        info(f"In the way: {obstacle.text}")
    for warning in preview.warnings:
        info(f"Note: {warning.text}")


def _confirm(preview: MergePreview, *, yes: bool) -> None:
    """Ask on a terminal whether to go on.

    :raises click.UsageError: without a terminal, unless it was said beforehand
    """
    if yes or preview.obstacles:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("give --yes: nobody can be asked")
    click.confirm(f"Merge {preview.merged.mrn} into {preview.survivor.mrn}?", abort=True, err=True)


def _dumped(found: Any) -> dict[str, Any]:
    dumped: dict[str, Any] = MergeRecordSchema().dump(found)
    return dumped
