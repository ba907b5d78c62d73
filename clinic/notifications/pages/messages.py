"""The log of messages to patients, and sending those again that failed."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.core.audit import record_listing
from clinic.core.clock import now
from clinic.core.context import current_actor
from clinic.notifications.abouts import abouts_of
from clinic.notifications.channels import CHANNELS
from clinic.notifications.errors import NotRetryable
from clinic.notifications.kinds import KINDS
from clinic.notifications.log import LogFilters, message_log
from clinic.notifications.log_summary import log_summary
from clinic.notifications.pages.blueprint import blueprint, calls_to_make
from clinic.notifications.schemas.messages import LogPageQuery, log_filters
from clinic.notifications.service import notification_service
from clinic.patients.service import patient_service
from clinic.web.authorization import requires
from clinic.web.cursors import write_cursor
from clinic.web.forms import Form, initial_form, posted_from, refuse
from clinic.web.idempotency import idempotent
from clinic.web.list_views import cursor_scope, parse_list_query

PAGE = 20

SOON = timedelta(hours=1)
"""Messages planned for later are left out of the log unless a filter asks for them."""

_BOUNDED = ("q", "state", "patient_id", "about_id", "first_day", "last_day")
"""Filters with which the log shows what is planned for later as well."""

MOST_FOUND = 100
"""The most patients whose messages a search shows, the best matches first."""

_QUERY = ("q", "state", "kind", "channel", "patient_id", "about_id", "first_day", "last_day", "cursor")


@blueprint.get("")
@requires("notifications:read")
def index() -> ResponseReturnValue:
    """List the messages to patients, the latest due first."""
    query, after = parse_list_query(LogPageQuery(only=_QUERY))
    return _log_page(initial_form(), query, after)


@blueprint.route("/<uuid:notification_id>/retry", methods=["GET", "POST"])
@requires("notifications:write")
@posted_from(".show", "notification_id")
@idempotent
def retry(notification_id: UUID) -> ResponseReturnValue:
    """Send a message again."""
    try:
        notification_service.retry(notification_id)
    except NotRetryable as error:
        return refuse(_log_page(Form().reject(error), {}), error)
    flash("The message will be sent again")
    return redirect(url_for(".show", notification_id=notification_id), 303)


@blueprint.route("/retry", methods=["GET", "POST"])
@requires("notifications:write")
@posted_from(".index")
@idempotent
def retry_all() -> ResponseReturnValue:
    """Send all failed and unknown messages again."""
    count = notification_service.retry_all()
    flash("1 message will be sent again" if count == 1 else f"{count} messages will be sent again")
    return redirect(url_for(".index"), 303)


def _log_page(form: Form, query: Mapping[str, Any], after: tuple[Any, ...] | None = None) -> str:
    filters, asked = _filters(query), _as_asked(query)
    found = message_log.list(**filters, limit=PAGE, after=after)
    counts = message_log.counts(**filters)
    patients = patient_service.get_many({row.patient_id for row in found.rows} | _filtered_patient(filters))
    record_listing("notifications", (row.patient_id for row in found.rows))
    return render_template(
        "notifications/index.html",
        found=found,
        form=form,
        filters=asked,
        counts=counts,
        going=log_summary(),
        calls=calls_to_make(),
        kinds=KINDS,
        channels=CHANNELS,
        patients=patients,
        abouts=abouts_of(found.rows),
        outage=message_log.outage(),
        next_url=_page_url(found.next_key, asked, query),
        previous_url=_page_url(found.previous_key, asked, query),
    )


def _filters(query: Mapping[str, Any]) -> LogFilters:
    """Return the filters of the log; without one of them it ends with what is due soon."""
    filters = log_filters(query)
    if query.get("q"):
        filters["patient_ids"] = _found(query["q"])
    if not any(query.get(name) for name in _BOUNDED):
        filters["before"] = now() + SOON
    return filters


def _found(text: str) -> Collection[UUID]:
    """Return the ids of the patients whom a search finds; none for an actor who may not search."""
    if not current_actor().has_permission("patients:read"):
        return ()
    found = patient_service.find_matches(text, limit=MOST_FOUND, archived=True)
    return [match.patient.id for match in found.rows]


def _as_asked(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return the filters as the address of the page has them."""
    names = {"first_day": "from", "last_day": "to"}
    return {names.get(name, name): value for name, value in query.items() if value}


def _filtered_patient(filters: LogFilters) -> set[UUID]:
    patient_id = filters.get("patient_id")
    return {patient_id} if patient_id else set()


def _page_url(key: tuple[Any, ...] | None, asked: Mapping[str, Any], query: Mapping[str, Any]) -> str | None:
    cursor = write_cursor(key, *cursor_scope(query))
    return url_for(".index", **asked, cursor=cursor) if cursor else None
