"""The page of the settings of billing."""

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.audit.service import audit_service
from clinic.billing.pages.blueprint import blueprint
from clinic.billing.pages.labels import tax_label, yes_no
from clinic.billing.schemas.settings import BillingSettingsForm
from clinic.billing.service import BillingSettings, billing_settings_service, tax_rate_service
from clinic.billing.settings_rules import spaced_iban
from clinic.core.errors import InvalidInput, StaleVersion
from clinic.identity.clinics import clinic_service
from clinic.web.authorization import requires
from clinic.web.edit_conflict import field_differences
from clinic.web.forms import Form, initial_form, load_form, refuse, sent_version
from clinic.web.idempotency import idempotent

LABELS = {
    "legal_name": "Legal name",
    "address": "Address",
    "phone": "Phone",
    "email": "Email",
    "tax_number": "Tax number",
    "iban": "IBAN",
    "bic": "BIC",
    "number_pattern": "Invoice numbers",
    "payment_days": "Days until an invoice is due",
    "prices_include_tax": "Prices include tax",
    "default_tax_rate_id": "Default tax",
    "footer": "Small print",
}


@blueprint.get("/settings")
@requires("clinic:read")
def settings() -> ResponseReturnValue:
    """Show the settings of billing."""
    stored = billing_settings_service.current()
    return _settings_page(initial_form(_form_values(stored), version=stored.version))


@blueprint.post("/settings")
@requires("clinic:write")
@idempotent
def update_settings() -> ResponseReturnValue:
    """Change the settings with the values of the form."""
    form = load_form(BillingSettingsForm())
    if form.errors:
        return _settings_page(form), 422
    try:
        billing_settings_service.update(version=sent_version(), **form.data)
    except InvalidInput as error:
        return refuse(_settings_page(form.reject(error)), error)
    except StaleVersion:
        return _conflict_page(form), 409
    flash("The settings of billing are saved")
    return redirect(url_for(".settings"), 303)


def _settings_page(form: Form) -> str:
    return render_template(
        "billing/settings.html",
        form=form,
        labels=LABELS,
        formatters=_formatters(),
        here=clinic_service.current(),
        taxes=_choices(form.value("default_tax_rate_id")),
    )


def _choices(chosen: str) -> list[tuple[str, str]]:
    """Return the taxes to choose from: the active ones, and one that is chosen already."""
    every = tax_rate_service.all()
    return [(str(tax.id), tax_label(tax)) for tax in every if tax.active or str(tax.id) == chosen]


def _conflict_page(form: Form) -> str:
    """Return both versions of the settings that somebody else has changed, to choose from field by field."""
    stored = billing_settings_service.current()
    mine = _texts({**{name: getattr(stored, name) for name in LABELS}, **form.data})
    return render_template(
        "billing/settings_conflict.html",
        fields=field_differences(LABELS, mine, _form_values(stored), _formatters()),
        version=stored.version,
        saved_at=stored.updated_at,
        change=audit_service.last_change("billing_settings", stored.id),
    )


def _formatters() -> dict[str, Any]:
    names = {str(tax.id): tax.name for tax in tax_rate_service.all()}
    return {"default_tax_rate_id": lambda value: names.get(value, ""), "prices_include_tax": yes_no}


def _form_values(stored: BillingSettings) -> dict[str, str]:
    values = _texts({name: getattr(stored, name) for name in LABELS})
    return values | {"iban": spaced_iban(values["iban"])}


def _texts(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings as a form sends them."""
    texts = {name: "" if data[name] is None else str(data[name]) for name in LABELS}
    return texts | {"prices_include_tax": "1" if data["prices_include_tax"] else "0"}
