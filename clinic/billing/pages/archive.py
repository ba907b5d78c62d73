"""What the pages of taxes and of the price list have in common."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import render_template, request

from clinic.audit.service import audit_service
from clinic.billing.price_rules import MOST_PERIODS
from clinic.billing.schemas.prices import ArchivedPageQuery
from clinic.billing.schemas.rows import Row, row_values, typed_rows
from clinic.billing.service import Invoice, PriceItem, TaxRate
from clinic.web.edit_conflict import Difference
from clinic.web.forms import Form, repeat_form
from clinic.web.list_views import parse_list_query

EMPTY_ROWS = 1


def list_context(every: Sequence[PriceItem] | Sequence[TaxRate]) -> dict[str, Any]:
    """Return the records of a list page: those in use, and the archived ones if the query asks for them."""
    filters, _ = parse_list_query(ArchivedPageQuery())
    active = [record for record in every if record.active]
    return {
        "records": every if filters else active,
        "active_count": len(active),
        "archived_count": len(every) - len(active),
        "with_archived": bool(filters),
    }


def with_rows(form: Form, name: str, columns: Sequence[str], *, more: int = 0) -> int:
    """Give a form the fields of its rows, those that are filled first; return how many rows it has."""
    rows = [row for row in typed_rows(form.values, name, columns) if any(row.values())][:MOST_PERIODS]
    rows += [dict.fromkeys(columns, "")] * min(EMPTY_ROWS + more, MOST_PERIODS - len(rows))
    form.values = {key: value for key, value in form.values.items() if key != name} | row_values(name, rows)
    return len(rows)


def typed_form(names: Sequence[str], several: Sequence[str] = ()) -> Form:
    """Return the sent form with more rows to fill, unchecked."""
    rows = [name for name in request.form if "-" in name]
    form = repeat_form(*names, *rows)
    form.ticked = {name: request.form.getlist(name) for name in several}
    return form


def conflict_page(
    template: str, record: Invoice | PriceItem | TaxRate, differences: Sequence[Difference], table: str
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


def texts(data: Mapping[str, Any], names: Sequence[str]) -> Row:
    """Return the named fields as a form shows them, empty for None."""
    return {name: "" if data.get(name) is None else str(data[name]) for name in names}
