"""The audit trail: who changed what, and who looked at whom."""

from collections.abc import Iterable
from typing import Any

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.core.audit import record_act
from clinic.core.clock import day_bounds
from clinic.staff.pages.frame import blueprint
from clinic.staff.schemas import AuditPageQuery
from clinic.staff.service import audit_service, clinic_service, names_of, people_and_keys
from clinic.web.access import requires
from clinic.web.csv_export import csv_response
from clinic.web.forms import Form
from clinic.web.lists import asked, next_url

PAGE = 50
COLUMNS = (
    *("at", "actor", "action", "record", "record_id", "patient_id", "changes"),
    *("address", "session_id", "key_id", "request_id", "position", "seal"),
)
ACTIONS = (
    *("created", "changed", "deleted", "viewed", "listed", "exported"),
    *("signed-in", "sign-in-refused", "signed-out", "session-ended"),
)
RECORDS = (
    *("patients", "appointments", "practitioners", "invoices", "invoice_lines", "payments", "notifications"),
    *("clinics", "staff_members", "memberships", "api_keys", "audit_entries"),
)


@blueprint.get("/audit")
@requires("audit:read")
def audit() -> ResponseReturnValue:
    """Show the latest entries of the trail, or those that are asked for."""
    filters, after = asked(AuditPageQuery())
    if _lacks_reason(filters):
        return render_template("staff/audit_reason.html", filters=filters, form=Form())
    found = audit_service.list(**_wanted(filters), limit=PAGE, after=after)
    record_act("viewed", "audit_entries", patient_id=filters.get("patient_id"), **_reason(filters))
    return render_template(
        "staff/audit.html",
        found=found,
        filters=filters,
        form=Form({name: str(value) for name, value in filters.items()}),
        names=names_of(entry.actor for entry in found.rows),
        actors=people_and_keys(),
        actions=_choices("Anything", ACTIONS),
        records=_choices("Any", RECORDS),
        next_url=next_url(found, filters),
        export_url=url_for(".export_audit", **filters),
    )


@blueprint.get("/audit/export")
@requires("audit:read")
def export_audit() -> ResponseReturnValue:
    """Give the entries that are asked for as a file, with their seals."""
    filters, _ = asked(AuditPageQuery())
    if _lacks_reason(filters):
        return render_template("staff/audit_reason.html", filters=filters, form=Form())
    return csv_response("audit-trail", COLUMNS, audit_service.export(**_wanted(filters)))


def _choices(all_of_them: str, names: Iterable[str]) -> list[tuple[str, str]]:
    return [("", all_of_them), *((name, name.replace("_", " ").capitalize()) for name in names)]


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


def _reason(filters: dict[str, Any]) -> dict[str, Any]:
    return {"reason": filters["reason"]} if "reason" in filters else {}
