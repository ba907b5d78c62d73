"""The page of the settings of messages."""

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.appointments.service import service_catalogue
from clinic.audit.service import audit_service
from clinic.core.errors import InvalidInput, StaleVersion
from clinic.notifications.pages.blueprint import blueprint
from clinic.notifications.schemas.settings import PREFIX, SettingsForm
from clinic.notifications.settings import MessageSettings, settings_service
from clinic.notifications.settings_rules import clock_text, days_text, offsets_text
from clinic.web.authorization import requires
from clinic.web.edit_conflict import field_differences
from clinic.web.forms import Form, initial_form, load_form, refuse, sent_version
from clinic.web.idempotency import idempotent

LABELS = {
    "reminder_offsets": "Reminders before a visit",
    "payment_reminder_days": "Days after the due date",
    "quiet": "Quiet hours",
    "quiet_from": "From",
    "quiet_until": "Until",
    "grace_seconds": "Seconds to undo",
}


@blueprint.get("/settings")
@requires("clinic:read")
def settings() -> ResponseReturnValue:
    """Show when the clinic reminds its patients, and when it is quiet."""
    current = settings_service.get()
    return _page(initial_form(_form_values(current), version=current.version), current)


@blueprint.post("/settings")
@requires("clinic:write")
@idempotent
def update_settings() -> ResponseReturnValue:
    """Change the settings with the values of the form."""
    form = load_form(SettingsForm())
    if form.errors:
        return _page(form), 422
    try:
        settings_service.update(version=sent_version(), **form.data)
    except InvalidInput as error:
        return refuse(_page(form.reject(error)), error)
    except StaleVersion:
        return _conflict_page(form), 409
    flash("The settings of messages are saved")
    return redirect(url_for(".settings"), 303)


def _page(form: Form, current: MessageSettings | None = None) -> str:
    current = current or settings_service.get()
    return render_template(
        "notifications/settings.html",
        form=form,
        labels=LABELS,
        current=current,
        services=service_catalogue.active(),
        prefix=PREFIX,
        offsets_text=offsets_text,
        days_text=days_text,
        clock_text=clock_text,
    )


def _conflict_page(form: Form) -> str:
    """Return both versions of the settings that somebody else has changed, to choose from field by field."""
    current = settings_service.get()
    theirs = _form_values(current)
    names = {f"{PREFIX}{service.id}": service.name for service in service_catalogue.active()}
    labels = LABELS | names
    mine = {name: form.values.get(name, "") for name in labels}
    return render_template(
        "notifications/settings_conflict.html",
        fields=field_differences(labels, mine, {name: theirs.get(name, "") for name in labels}, {}),
        version=current.version,
        saved_at=current.updated_at,
        change=audit_service.last_change("notification_settings", current.id),
    )


def _form_values(current: MessageSettings) -> Mapping[str, str]:
    """Return the settings as a form sends them."""
    values: dict[str, Any] = {
        "reminder_offsets": offsets_text(current.reminder_offsets),
        "payment_reminder_days": days_text(current.payment_reminder_days),
        "quiet": "1" if current.quiet else "",
        "quiet_from": clock_text(current.quiet_from),
        "quiet_until": clock_text(current.quiet_until),
        "grace_seconds": "" if current.grace_seconds is None else str(current.grace_seconds),
    }
    own = {f"{PREFIX}{id_}": offsets_text(offsets) for id_, offsets in current.service_reminders.items()}
    return values | own
