"""The audit trail: who changed what, and who looked at whom."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.audit.export_signature import with_signature
from clinic.audit.presenter import action_choices, present_entries, record_choices, record_link_by_id
from clinic.audit.schemas import AuditPageQuery
from clinic.audit.service import audit_service
from clinic.core.audit import AuditEntry, record_listing, record_view
from clinic.core.clock import day_bounds
from clinic.identity.actor_names import list_actors, unknown_actor_name
from clinic.identity.clinics import clinic_service
from clinic.web.authorization import requires
from clinic.web.csv_export import csv_lines, csv_response
from clinic.web.forms import Form
from clinic.web.list_views import next_url, parse_list_query
from clinic.web.record_link import RecordLink

blueprint = Blueprint("audit", __name__, url_prefix="/audit", template_folder="templates")

PAGE = 40
COLUMNS = (
    *("at", "actor", "action", "record", "record_id", "patient_id", "changes"),
    *("address", "session_id", "key_id", "request_id", "position", "seal"),
)


@blueprint.get("")
@requires("audit:read")
def index() -> ResponseReturnValue:
    """Show the latest entries of the trail, or those that are asked for."""
    filters, after = parse_list_query(AuditPageQuery())
    if _lacks_reason(filters):
        return _ask_why(filters)
    found = audit_service.list(**_wanted(filters), limit=PAGE, after=after)
    _note(found.rows, filters)
    actors = list_actors()
    return render_template(
        "audit/index.html",
        found=found,
        told=present_entries(found.rows, clinic_service.current().zone),
        filters=filters,
        form=Form({name: str(value) for name, value in filters.items()}),
        names={entry.actor: actors.get(entry.actor) or unknown_actor_name(entry.actor) for entry in found.rows},
        actors=actors,
        actions=[("", "Anything"), *action_choices()],
        records=[("", "Any"), *record_choices()],
        patient=_patient(filters),
        everything_url=url_for(".index", **_without_patient(filters)),
        next_url=next_url(found, filters),
        export_url=url_for(".export", **filters),
    )


@blueprint.get("/export")
@requires("audit:read")
def export() -> ResponseReturnValue:
    """Give the entries that are asked for as a file, with their seals and signed."""
    filters, _ = parse_list_query(AuditPageQuery())
    if _lacks_reason(filters):
        return _ask_why(filters)
    lines = csv_lines(COLUMNS, audit_service.export(**_wanted(filters), **_reason(filters)))
    return csv_response("audit-trail", with_signature(lines, len(COLUMNS)))


def _note(shown: Sequence[AuditEntry], filters: dict[str, Any]) -> None:
    """Note that entries are about to be shown: of one patient and why, or of which patients they are."""
    patients = {entry.patient_id for entry in shown if entry.patient_id}
    if patients and "patient_id" not in filters:
        record_listing(AuditEntry.__tablename__, sorted(patients))
    else:
        record_view(AuditEntry.__tablename__, None, filters.get("patient_id"), **_reason(filters))


def _ask_why(filters: dict[str, Any]) -> ResponseReturnValue:
    """Ask for the reason to see a patient's entries; a blank one is not enough."""
    errors = {"reason": ["Enter the reason"]} if "reason" in request.args else {}
    form, patient = Form(errors=errors), _patient(filters)
    page = render_template("audit/reason.html", filters=filters, form=form, patient=patient)
    return page, 422 if errors else 200


def _patient(filters: dict[str, Any]) -> RecordLink | None:
    """Return the patient whose entries are wanted, if they are one's."""
    return record_link_by_id("patients", filters["patient_id"]) if "patient_id" in filters else None


def _wanted(filters: dict[str, Any]) -> dict[str, Any]:
    """Return the filters as the trail knows them: days become instants on the clinic's clocks."""
    zone = clinic_service.current().zone
    wanted: dict[str, Any] = {
        name: filters[name] for name in ("actor", "action", "record", "patient_id") if name in filters
    }
    if since := filters.get("since"):
        wanted["since"] = day_bounds(since, zone)[0]
    if until := filters.get("until"):
        wanted["before"] = day_bounds(until, zone)[1]
    return wanted


def _lacks_reason(filters: dict[str, Any]) -> bool:
    """Say whether somebody wants to see a patient's entries without saying why."""
    return "patient_id" in filters and "reason" not in filters


def _without_patient(filters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in filters.items() if name not in {"patient_id", "reason"}}


def _reason(filters: dict[str, Any]) -> dict[str, Any]:
    return {"reason": filters["reason"]} if "reason" in filters else {}
