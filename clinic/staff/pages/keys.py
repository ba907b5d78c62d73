"""The keys with which programs use the API."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.core.clock import day_bounds, wall_day
from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.api_keys import InvalidApiKey, api_key_service, is_valid
from clinic.identity.clinics import clinic_service
from clinic.identity.roles import ALL, permission_labels
from clinic.staff.pages.blueprint import blueprint
from clinic.staff.schemas import KeyForm
from clinic.web.authorization import requires
from clinic.web.form_summary import Record, Typed, form_summary, labelled_rows, record_at
from clinic.web.forms import Form, load_form
from clinic.web.template_filters import day_typed

LABELS = {"label": "What for", "scopes": "What it may do", "expires_on": "Last day"}


def scope_labels() -> Mapping[str, str]:
    """Return the scopes that a key can have, with their labels."""
    return {ALL: "Everything, also what is added later", **permission_labels()}


def scope_label(scope: str) -> str | None:
    """Return the label of a scope, or None if there is no such scope."""
    return scope_labels().get(scope)


def _this_key(_typed: Typed, key_id: UUID) -> Record:
    return record_at(f"“{api_key_service.get(key_id).label}”", "staff.revocation", key_id=key_id)


@blueprint.get("/api-keys")
@requires("keys:write")
def api_keys() -> ResponseReturnValue:
    """List the clinic's keys, with the form of a new one."""
    return _keys(Form())


@blueprint.post("/api-keys")
@requires("keys:write")
@form_summary("New API key", labelled_rows(LABELS, scopes=scope_label, expires_on=day_typed))
def create_api_key() -> ResponseReturnValue:
    """Make a key, and show it this one time."""
    form = load_form(KeyForm())
    if form.errors:
        return _keys(form), 422
    expires_on = form.data.pop("expires_on", None)
    expires_at = _end_of(expires_on)
    with unit_of_work():  # a key that can't be shown is not stored
        record, key = api_key_service.create(**form.data, expires_at=expires_at)
        db.session.flush()
        return _keys(Form(), made=record, key=key)


@blueprint.get("/api-keys/<uuid:key_id>/revocation")
@requires("keys:write")
def revocation(key_id: UUID) -> ResponseReturnValue:
    """Say what it means to revoke a key, and ask whether it is meant."""
    return render_template("staff/revocation.html", record=api_key_service.get(key_id), scopes=scope_labels())


@blueprint.post("/api-keys/<uuid:key_id>/revocation")
@requires("keys:write")
@form_summary("End", about=("of the API key", _this_key))
def revoke_api_key(key_id: UUID) -> ResponseReturnValue:
    """Revoke a key."""
    record = api_key_service.revoke(key_id)
    flash(f"The key “{record.label}” is revoked")
    return redirect(url_for(".api_keys"), 303)


@blueprint.errorhandler(InvalidApiKey)
def ask_about_key_again(error: InvalidApiKey) -> ResponseReturnValue:
    """Show the form of a key again, to mend it."""
    return _keys(load_form(KeyForm()).reject(error)), 422


def _keys(form: Form, **made: Any) -> str:
    return render_template(
        "staff/keys.html", keys=api_key_service.list(), form=form, scopes=scope_labels(), is_valid=is_valid, **made
    )


@blueprint.app_template_filter()
def last_day(expires_at: datetime, zone: str) -> date:
    """Return the last day on which something opens that expires at an instant."""
    return wall_day(expires_at - timedelta(microseconds=1), zone)


def _end_of(day: Any) -> datetime | None:
    """Return when a day is over on the clinic's clocks."""
    return day_bounds(day, clinic_service.current().zone)[1] if day else None
