"""Pages of the audit trail: entries with filters, the reason for a patient's entries, and the export."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, get_template_attribute, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from clinic.audit.entry_text import action_choices, record_choices
from clinic.audit.export_signature import with_signature
from clinic.audit.presenter import present_entries, record_link_by_id
from clinic.audit.schemas import AuditPageQuery
from clinic.audit.service import audit_service
from clinic.core.audit import AuditEntry, record_listing, record_view
from clinic.core.clock import day_bounds
from clinic.core.db.pagination import Page
from clinic.identity.actor_names import actor_names, list_actors
from clinic.identity.clinics import clinic_service
from clinic.web.authorization import requires
from clinic.web.csv_export import csv_lines, csv_response
from clinic.web.forms import Form
from clinic.web.list_views import next_url, parse_list_query
from clinic.web.record_link import RecordLink

blueprint = Blueprint("audit", __name__, url_prefix="/audit", template_folder="templates")

PAGE = 40
MOST_ACTORS = 100
"""The number of users that the filter offers; entries of others are found by the other filters and by command."""

ROWS_BYTES = 36 * 1024
"""The size of the entries on a page; longer entries make fewer to a page."""

COLUMNS = (
    *("at", "actor", "action", "record", "record_id", "patient_id", "changes"),
    *("address", "session_id", "key_id", "request_id", "position", "seal"),
)


@blueprint.get("")
@requires("audit:read")
def index() -> ResponseReturnValue:
    """Show the entries that match the filters, the latest first."""
    filters, after = parse_list_query(AuditPageQuery())
    if _lacks_reason(filters):
        return _reason_form(filters)
    actors = _actor_choices(filters)
    found, rows = _within_budget(audit_service.list(**_service_filters(filters), limit=PAGE, after=after), actors)
    _record_views(found.rows, filters)
    return render_template(
        "audit/index.html",
        found=found,
        rows=rows,
        filters=filters,
        form=Form({name: str(value) for name, value in filters.items()}),
        actors=actors,
        most_actors=MOST_ACTORS,
        actions=[("", "Any"), *action_choices()],
        records=[("", "Any"), *record_choices()],
        patient=_patient(filters),
        everything_url=url_for(".index", **_without_patient(filters)),
        next_url=next_url(found, filters),
        export_url=url_for(".export", **filters),
    )


@blueprint.get("/export")
@requires("audit:read")
def export() -> ResponseReturnValue:
    """Return the entries that match the filters as a signed CSV file with their seals."""
    filters, _ = parse_list_query(AuditPageQuery())
    if _lacks_reason(filters):
        return _reason_form(filters)
    lines = csv_lines(COLUMNS, audit_service.export(**_service_filters(filters), **_reason(filters)))
    return csv_response("audit-trail", with_signature(lines, len(COLUMNS)))


def _actor_choices(filters: dict[str, Any]) -> Mapping[str, str]:
    """Return the actors to choose from, with the chosen one."""
    chosen = actor_names([filters["actor"]]) if filters.get("actor") else {}
    return {**chosen, **list_actors(MOST_ACTORS)}


def _within_budget(found: Page[AuditEntry], actors: Mapping[str, str]) -> tuple[Page[AuditEntry], list[Markup]]:
    """Return the first entries of a page whose table rows fit into `ROWS_BYTES`, at least one, with these rows."""
    zone, render_row = clinic_service.current().zone, get_template_attribute("audit/_entries.html", "entry_row")
    names = {**actors, **actor_names({entry.actor for entry in found.rows} - actors.keys())}
    rows: list[Markup] = []
    size = 0
    for line in present_entries(found.rows, zone):
        row = render_row(line, names[line.entry.actor], zone)
        size += len(row.encode())
        if rows and size > ROWS_BYTES:
            shown = found.rows[: len(rows)]
            return Page(shown, (shown[-1].at, shown[-1].id)), rows
        rows.append(row)
    return found, rows


def _record_views(shown: Sequence[AuditEntry], filters: dict[str, Any]) -> None:
    """Record that entries are shown: those of one patient with the reason, else the patients in the list."""
    patients = {entry.subject_id for entry in shown if entry.subject_id}
    if patients and "patient_id" not in filters:
        record_listing(AuditEntry.__tablename__, sorted(patients))
    else:
        record_view(AuditEntry.__tablename__, None, filters.get("patient_id"), **_reason(filters))


def _reason_form(filters: dict[str, Any]) -> ResponseReturnValue:
    """Return the form for the reason to view a patient's entries, with an error if a blank one was sent."""
    errors = {"reason": ["Enter the reason"]} if "reason" in request.args else {}
    form, patient = Form(errors=errors), _patient(filters)
    page = render_template("audit/reason.html", filters=filters, form=form, patient=patient)
    return page, 422 if errors else 200


def _patient(filters: dict[str, Any]) -> RecordLink | None:
    """Return the patient of the filters, if they have one."""
    return record_link_by_id("patients", filters["patient_id"]) if "patient_id" in filters else None


def _service_filters(filters: dict[str, Any]) -> dict[str, Any]:
    """Return the filters of the service: days become instants in the clinic's time zone."""
    zone = clinic_service.current().zone
    found: dict[str, Any] = {
        name: filters[name] for name in ("actor", "action", "record", "patient_id") if name in filters
    }
    if since := filters.get("since"):
        found["since"] = day_bounds(since, zone)[0]
    if until := filters.get("until"):
        found["before"] = day_bounds(until, zone)[1]
    return found


def _lacks_reason(filters: dict[str, Any]) -> bool:
    """Return whether a patient's entries are requested without a reason."""
    return "patient_id" in filters and "reason" not in filters


def _without_patient(filters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in filters.items() if name not in {"patient_id", "reason"}}


def _reason(filters: dict[str, Any]) -> dict[str, Any]:
    return {"reason": filters["reason"]} if "reason" in filters else {}
