"""Pages of taxes: list, form, archive."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.billing.pages.archive import conflict_page, list_context, texts, typed_form, with_rows
from clinic.billing.pages.blueprint import blueprint
from clinic.billing.pages.labels import category_label, rate_text
from clinic.billing.price_rules import CATEGORIES, STANDARD
from clinic.billing.schemas.prices import RATE_COLUMNS, TaxRateForm
from clinic.billing.schemas.rows import Row, row_values, rows_as_text, rows_from_text
from clinic.billing.service import TaxNameTaken, TaxRate, tax_rate_service
from clinic.core.errors import InvalidInput, StaleVersion
from clinic.web.authorization import requires
from clinic.web.edit_conflict import field_differences
from clinic.web.fields import quantity_text
from clinic.web.forms import Form, initial_form, load_form, posted_from, refuse, sent_version
from clinic.web.idempotency import idempotent

LABELS = {"name": "Name", "category": "Category", "reason": "Reason", "rates": "Rates"}
_NAMES = ("name", "category", "reason")


@blueprint.get("/taxes")
@requires("prices:write")
def taxes() -> ResponseReturnValue:
    """List the taxes."""
    context = list_context(tax_rate_service.all())
    return render_template("billing/taxes.html", rate_text=rate_text, categories=CATEGORIES, **context)


@blueprint.get("/taxes/new")
@requires("prices:write")
def new_tax() -> ResponseReturnValue:
    """Show the form of a new tax."""
    return _tax_page(initial_form({"category": STANDARD}))


@blueprint.post("/taxes/new")
@requires("prices:write")
@idempotent
def create_tax() -> ResponseReturnValue:
    """Add a tax from the form."""
    if "more" in request.form:
        return _tax_page(typed_form(_NAMES), more=1)
    form = load_form(TaxRateForm())
    if form.errors:
        return _tax_page(form), 422
    try:
        tax = tax_rate_service.create(**form.data)
    except (InvalidInput, TaxNameTaken) as error:
        return refuse(_tax_page(form.reject(error, "name")), error)
    flash(f"Added: {tax.name}")
    return redirect(url_for(".taxes"), 303)


@blueprint.get("/taxes/<uuid:tax_rate_id>/edit")
@requires("prices:write")
def edit_tax(tax_rate_id: UUID) -> ResponseReturnValue:
    """Show the form of a tax."""
    tax = tax_rate_service.get(tax_rate_id)
    values = texts(vars_of(tax), _NAMES) | row_values("rates", _rows(tax.rates))
    return _tax_page(initial_form(values, version=tax.version), tax)


@blueprint.post("/taxes/<uuid:tax_rate_id>/edit")
@requires("prices:write")
@idempotent
def update_tax(tax_rate_id: UUID) -> ResponseReturnValue:
    """Change a tax as the form says."""
    tax = tax_rate_service.get(tax_rate_id)
    if "more" in request.form:
        return _tax_page(_with_version(typed_form(_NAMES)), tax, more=1)
    form = load_form(TaxRateForm())
    if form.errors:
        return _tax_page(form, tax), 422
    try:
        tax_rate_service.update(tax_rate_id, version=sent_version(), **form.data)
    except (InvalidInput, TaxNameTaken) as error:
        return refuse(_tax_page(form.reject(error, "name"), tax), error)
    except StaleVersion:
        return _conflict_page(tax_rate_service.get(tax_rate_id), form), 409
    flash(f"Saved: {form.data['name']}")
    return redirect(url_for(".taxes"), 303)


@blueprint.route("/taxes/<uuid:tax_rate_id>/archive", methods=["GET", "POST"])
@requires("prices:write")
@posted_from(".edit_tax", "tax_rate_id")
@idempotent
def archive_tax(tax_rate_id: UUID) -> ResponseReturnValue:
    """Archive a tax."""
    tax = tax_rate_service.archive(tax_rate_id)
    flash(f"{tax.name} is archived")
    return redirect(url_for(".taxes"), 303)


@blueprint.route("/taxes/<uuid:tax_rate_id>/restore", methods=["GET", "POST"])
@requires("prices:write")
@posted_from(".edit_tax", "tax_rate_id")
@idempotent
def restore_tax(tax_rate_id: UUID) -> ResponseReturnValue:
    """Offer an archived tax again."""
    tax = tax_rate_service.restore(tax_rate_id)
    flash(f"{tax.name} is offered again")
    return redirect(url_for(".taxes"), 303)


def vars_of(tax: TaxRate) -> dict[str, Any]:
    """Return the plain fields of a tax."""
    return {name: getattr(tax, name) for name in _NAMES}


def _with_version(form: Form) -> Form:
    form.version = sent_version()
    return form


def _tax_page(form: Form, tax: TaxRate | None = None, *, more: int = 0) -> str:
    count = with_rows(form, "rates", RATE_COLUMNS, more=more)
    form.order = [*_NAMES, "rates", *(f"rates-{at}-{column}" for at in range(count) for column in RATE_COLUMNS)]
    return render_template("billing/tax.html", form=form, record=tax, count=count, categories=list(CATEGORIES.items()))


def _conflict_page(tax: TaxRate, form: Form) -> str:
    """Return both versions of a tax that somebody else has changed."""
    mine = texts(form.data, _NAMES) | {"rates": rows_as_text(_rows(form.data["rates"]))}
    theirs = texts(vars_of(tax), _NAMES) | {"rates": rows_as_text(_rows(tax.rates))}
    formatters = {"rates": _rates_text, "category": lambda text: category_label(text) or text}
    return conflict_page(
        "billing/tax_conflict.html", tax, field_differences(LABELS, mine, theirs, formatters), "tax_rates"
    )


def _rows(rates: Sequence[Any]) -> list[Row]:
    pairs = [(one["valid_from"], one["rate"]) if isinstance(one, dict) else (one.valid_from, one.rate) for one in rates]
    return [{"valid_from": str(start), "rate": quantity_text(rate)} for start, rate in sorted(pairs)]


def _rates_text(text: str) -> str:
    rows = rows_from_text(text, RATE_COLUMNS)
    return ", ".join(f"{row['rate']} % from {row['valid_from']}" for row in rows)
