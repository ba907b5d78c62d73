"""JSON endpoints of notifications."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.core.audit import record_listing, record_view
from clinic.notifications.schemas import NotificationQuery, NotificationSchema, RetriedSchema, RetryAllSchema
from clinic.notifications.service import notification_service
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
    """List messages, newest first."""
    state = query.get("state")
    after: Any = after_cursor(query, state or "")
    found = notification_service.list(state=state, limit=query["limit"], after=after)
    record_listing("notifications", (notification.patient_id for notification in found.rows))
    return listed(found, state or "")


@blueprint.get("/<uuid:notification_id>")
@requires("notifications:read")
@blueprint.problems(404)
@blueprint.response(200, NotificationSchema)
def show(notification_id: UUID) -> ResponseReturnValue:
    """Return a message."""
    notification = notification_service.get(notification_id)
    record_view("notifications", notification.id, notification.patient_id)
    return notification  # type: ignore[return-value]


@blueprint.post("/<uuid:notification_id>/retry")
@requires("notifications:write")
@blueprint.idempotent()
@blueprint.problems(404, 409)
@blueprint.body(NothingSchema, required=False)
@blueprint.response(200, NotificationSchema)
def retry(_nothing: dict[str, Any], notification_id: UUID) -> ResponseReturnValue:
    """Send a failed or unknown message again; an unknown one may arrive twice. The body is empty."""
    return notification_service.retry(notification_id)  # type: ignore[return-value]


@blueprint.post("/retry")
@requires("notifications:write")
@blueprint.idempotent()
@blueprint.problems()
@blueprint.body(RetryAllSchema, required=False)
@blueprint.response(200, RetriedSchema)
def retry_notifications(fields: dict[str, Any]) -> ResponseReturnValue:
    """Send all failed and unknown messages again, or only those in one state; the body may be empty."""
    return {"retried": notification_service.retry_all(fields["state"])}
