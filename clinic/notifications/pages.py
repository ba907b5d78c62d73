"""The page of messages to patients."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.core.audit import record_listing
from clinic.notifications.service import NotRetryable, notification_service
from clinic.patients.service import patient_service
from clinic.web.authorization import requires
from clinic.web.forms import Form, initial_form, posted_from, refuse
from clinic.web.idempotency import idempotent
from clinic.web.json_api import ListQuery
from clinic.web.list_views import next_url, parse_list_query

blueprint = Blueprint("notifications", __name__, url_prefix="/messages", template_folder="templates")

PAGE = 20


@blueprint.get("")
@requires("notifications:read")
def index() -> ResponseReturnValue:
    """List the messages to patients, the newest first."""
    _, after = parse_list_query(ListQuery(only=("cursor",)))
    return _list_page(initial_form(), after)


@blueprint.route("/<uuid:notification_id>/retry", methods=["GET", "POST"])
@requires("notifications:write")
@posted_from(".index")
@idempotent
def retry(notification_id: UUID) -> ResponseReturnValue:
    """Send a message again."""
    try:
        notification_service.retry(notification_id)
    except NotRetryable as error:
        return refuse(_list_page(Form().reject(error)), error)
    flash("The message will be sent again")
    return redirect(url_for(".index"), 303)


@blueprint.route("/retry", methods=["GET", "POST"])
@requires("notifications:write")
@posted_from(".index")
@idempotent
def retry_all() -> ResponseReturnValue:
    """Send all failed and unknown messages again."""
    count = notification_service.retry_all()
    flash("1 message will be sent again" if count == 1 else f"{count} messages will be sent again")
    return redirect(url_for(".index"), 303)


def _list_page(form: Form, after: tuple[Any, ...] | None = None) -> str:
    found = notification_service.list(limit=PAGE, after=after)
    record_listing("notifications", (notification.patient_id for notification in found.rows))
    return render_template(
        "notifications/index.html",
        found=found,
        form=form,
        patients=patient_service.get_many(notification.patient_id for notification in found.rows),
        next_url=next_url(found, {}),
        retryable=notification_service.count_retryable(),
    )
