"""JSON endpoints of notifications."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.core.audit import record_listing, record_view
from clinic.core.db.pagination import Page
from clinic.notifications.attempts import detail_of
from clinic.notifications.invoice_messages import send_invoice
from clinic.notifications.log import message_log
from clinic.notifications.other_channels import send_by as queue_by_channel
from clinic.notifications.relevance import explain
from clinic.notifications.schemas.explanations import ExplanationQuery, ExplanationSchema
from clinic.notifications.schemas.messages import (
    ARRIVED,
    ChannelSchema,
    NotificationDetailSchema,
    NotificationQuery,
    NotificationSchema,
    ResolutionSchema,
    RetriedSchema,
    RetryAllSchema,
    filter_scope,
    log_filters,
)
from clinic.notifications.schemas.upcoming import NextQuery, PlanSchema
from clinic.notifications.service import notification_service
from clinic.notifications.upcoming import upcoming
from clinic.web.authorization import requires
from clinic.web.json_api import ApiBlueprint, NothingSchema, after_cursor, list_schema, listed
from clinic.web.openapi import LIST_HEADERS

blueprint = ApiBlueprint(
    "notifications",
    __name__,
    path="notifications",
    noun="notification",
    description="Messages to patients and their delivery",
)


@blueprint.get("")
@requires("notifications:read")
@blueprint.problems()
@blueprint.query(NotificationQuery)
@blueprint.response(200, list_schema(NotificationSchema), headers=LIST_HEADERS)
def index(query: dict[str, Any]) -> ResponseReturnValue:
    """List messages, the latest due first."""
    after: Any = after_cursor(query, *filter_scope(query))
    found = message_log.list(**log_filters(query), limit=query["limit"], after=after)
    record_listing("notifications", (notification.patient_id for notification in found.rows))
    return listed(Page(found.rows, found.next_key), *filter_scope(query))


@blueprint.get("/next")
@requires("notifications:read")
@blueprint.problems()
@blueprint.query(NextQuery)
@blueprint.response(200, PlanSchema)
def next_messages(query: dict[str, Any]) -> ResponseReturnValue:
    """Return what goes out next, and who is not reminded on a day, tomorrow by default."""
    found = upcoming(query.get("day"))
    not_reminded = [one.patient.id for day in found.visit_days for one in day.not_reminded]
    record_listing("notifications", [*(one.patient.id for one in found.today), *not_reminded])
    return found  # type: ignore[return-value]


@blueprint.get("/explain")
@requires("notifications:read")
@blueprint.problems(404)
@blueprint.query(ExplanationQuery)
@blueprint.response(200, ExplanationSchema)
def explain_message(query: dict[str, Any]) -> ResponseReturnValue:
    """Return for each check of a message whether it passes now, and why not."""
    row = message_log.latest(**query)
    return explain(**query, row=row)  # type: ignore[return-value]


@blueprint.get("/<uuid:notification_id>")
@requires("notifications:read")
@blueprint.problems(404)
@blueprint.response(200, NotificationDetailSchema)
def show(notification_id: UUID) -> ResponseReturnValue:
    """Return a message with its content as it was sent, and the attempts to deliver it."""
    detail = detail_of(notification_service.get(notification_id))
    record_view("notifications", detail.id, detail.patient_id)
    return detail


@blueprint.post("/<uuid:notification_id>/resolve")
@requires("notifications:write")
@blueprint.idempotent()
@blueprint.problems(404, 409)
@blueprint.body(ResolutionSchema)
@blueprint.response(200, NotificationSchema)
def resolve(fields: dict[str, Any], notification_id: UUID) -> ResponseReturnValue:
    """Record that a message arrived which may have been sent, or send it again."""
    return notification_service.resolve(notification_id, arrived=fields["outcome"] == ARRIVED)  # type: ignore[return-value]


@blueprint.post("/<uuid:notification_id>/hold-back")
@requires("notifications:write")
@blueprint.idempotent()
@blueprint.problems(404, 409)
@blueprint.body(NothingSchema, required=False)
@blueprint.response(200, NotificationSchema)
def hold_back(_nothing: dict[str, Any], notification_id: UUID) -> ResponseReturnValue:
    """Keep a message that waits from being sent. The body is empty."""
    return notification_service.hold_back(notification_id)  # type: ignore[return-value]


@blueprint.post("/<uuid:notification_id>/other-channel")
@requires("notifications:write")
@blueprint.idempotent()
@blueprint.problems(404, 409)
@blueprint.body(ChannelSchema)
@blueprint.response(200, NotificationSchema)
def send_by(fields: dict[str, Any], notification_id: UUID) -> ResponseReturnValue:
    """Put what a message says on the desk's list to call, or among the letters to print; return that message."""
    return queue_by_channel(notification_id, channel=fields["channel"])  # type: ignore[return-value]


@blueprint.post("/<uuid:notification_id>/printed")
@requires("notifications:write")
@blueprint.idempotent()
@blueprint.problems(404, 409)
@blueprint.body(NothingSchema, required=False)
@blueprint.response(200, NotificationSchema)
def record_printed(_nothing: dict[str, Any], notification_id: UUID) -> ResponseReturnValue:
    """Record that a letter was printed. The body is empty."""
    return notification_service.record_printed(notification_id)  # type: ignore[return-value]


@blueprint.post("/<uuid:notification_id>/retry")
@requires("notifications:write")
@blueprint.idempotent()
@blueprint.problems(404, 409)
@blueprint.body(NothingSchema, required=False)
@blueprint.response(200, NotificationSchema)
def retry(_nothing: dict[str, Any], notification_id: UUID) -> ResponseReturnValue:
    """Send a failed or unknown message again; an unknown one may arrive twice. The body is empty."""
    return notification_service.retry(notification_id)  # type: ignore[return-value]


@blueprint.post("/invoices/<uuid:invoice_id>/send")
@requires("notifications:write")
@blueprint.idempotent()
@blueprint.problems(404, 409)
@blueprint.body(NothingSchema, required=False)
@blueprint.response(200, NotificationSchema)
def mail_invoice(_nothing: dict[str, Any], invoice_id: UUID) -> ResponseReturnValue:
    """Send an issued invoice by email to who pays it; one that can't be sent is suppressed with a reason."""
    return send_invoice(invoice_id)  # type: ignore[return-value]


@blueprint.post("/retry")
@requires("notifications:write")
@blueprint.idempotent()
@blueprint.problems()
@blueprint.body(RetryAllSchema, required=False)
@blueprint.response(200, RetriedSchema)
def retry_notifications(fields: dict[str, Any]) -> ResponseReturnValue:
    """Send all failed and unknown messages again, or only those in one state; the body may be empty."""
    return {"retried": notification_service.retry_all(fields["state"])}
