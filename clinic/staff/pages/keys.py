"""Pages of the API keys."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import flash, make_response, redirect, render_template, url_for
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
from clinic.web.forms import Form, initial_form, load_form, refuse
from clinic.web.idempotency import idempotent, replay_as

MADE_BEFORE = "The key “{}” was created already and is not shown again: if you did not see it, revoke it"


def scope_labels() -> Mapping[str, str]:
    """Return the scopes that a key can have, with their labels."""
    return {ALL: "Full access", **permission_labels()}


def scope_label(scope: str) -> str | None:
    """Return the label of a scope, or None if there is no such scope."""
    return scope_labels().get(scope)


@blueprint.get("/api-keys")
@requires("keys:write")
def api_keys() -> ResponseReturnValue:
    """List the clinic's keys, with the form of a new one."""
    return _keys_page(initial_form())


@blueprint.post("/api-keys")
@requires("keys:write")
@idempotent
def create_api_key() -> ResponseReturnValue:
    """Create a key, and show it once."""
    form = load_form(KeyForm())
    if form.errors:
        return _keys_page(form), 422
    expires_on = form.data.pop("expires_on", None)
    try:
        with unit_of_work():  # a key that can't be shown is not stored
            record, key = api_key_service.create(**form.data, expires_at=_end_of(expires_on))
            db.session.flush()
            replay_as(make_response(redirect(url_for(".api_keys"), 303)), MADE_BEFORE.format(record.label))
            return _keys_page(Form(), made=record, key=key)
    except InvalidApiKey as error:
        return refuse(_keys_page(form.reject(error)), error)


@blueprint.get("/api-keys/<uuid:key_id>/revocation")
@requires("keys:write")
def revocation(key_id: UUID) -> ResponseReturnValue:
    """Show what revoking a key means, with the button that does it."""
    record = api_key_service.get(key_id)
    return render_template("staff/revocation.html", record=record, scopes=scope_labels())


@blueprint.post("/api-keys/<uuid:key_id>/revocation")
@requires("keys:write")
@idempotent
def revoke_api_key(key_id: UUID) -> ResponseReturnValue:
    """Revoke a key."""
    record = api_key_service.revoke(key_id)
    flash(f"The key “{record.label}” is revoked")
    return redirect(url_for(".api_keys"), 303)


def _keys_page(form: Form, **made: Any) -> str:
    return render_template(
        "staff/keys.html", keys=api_key_service.list(), form=form, scopes=scope_labels(), is_valid=is_valid, **made
    )


@blueprint.app_template_filter()
def last_day(expires_at: datetime, zone: str) -> date:
    """Return the last day in a zone before an instant of expiry."""
    return wall_day(expires_at - timedelta(microseconds=1), zone)


def _end_of(day: Any) -> datetime | None:
    """Return the end of a day in the clinic's time zone."""
    return day_bounds(day, clinic_service.current().zone)[1] if day else None
