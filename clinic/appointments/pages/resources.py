"""What the pages of practitioners, rooms and services have in common."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from flask import render_template

from clinic.appointments.pages.booked import booked_context
from clinic.appointments.schemas.pages import InactiveQuery
from clinic.appointments.service import Appointment, Practitioner, Room, Service, Upcoming
from clinic.audit.service import audit_service
from clinic.web.edit_conflict import Difference
from clinic.web.forms import Form, initial_form
from clinic.web.list_views import parse_list_query

Record = TypeVar("Record", bound=Practitioner | Room | Service)


def list_context(every: Sequence[Record]) -> dict[str, Any]:
    """Return the records of a list page: the active ones, and the others if the query asks for them."""
    filters, _ = parse_list_query(InactiveQuery())
    active = [record for record in every if record.active]
    return {
        "records": every if filters else active,
        "active_count": len(active),
        "inactive_count": len(every) - len(active),
        "with_inactive": bool(filters),
    }


def deactivation_page(
    template: str, record: Practitioner | Room | Service, upcoming: Upcoming, form: Form | None = None
) -> str:
    """Return the page that says what deactivating a record means, with what is still booked."""
    form = form or initial_form(version=record.version)
    return render_template(template, record=record, form=form, shown=booked_context(upcoming))


def conflict_page(
    template: str, record: Practitioner | Room | Service | Appointment, differences: Sequence[Difference], table: str
) -> str:
    """Return both versions of a record that somebody else has changed, to choose from field by field."""
    return render_template(
        template,
        record=record,
        fields=differences,
        version=record.version,
        saved_at=record.updated_at,
        change=audit_service.last_change(table, record.id),
    )


def texts(data: Mapping[str, Any], names: Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    """Return the named fields as a form shows them, empty for None."""
    return {name: "" if data.get(name) is None else str(data[name]) for name in names}
