"""The page of messages."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from clinic.core.audit import record_listing
from clinic.notifications.service import notification_service
from clinic.patients.service import patient_service
from clinic.web.authorization import requires
from clinic.web.list_views import page_query, page_url

blueprint = Blueprint("notifications", __name__, url_prefix="/messages", template_folder="templates")

PAGE = 20


@blueprint.get("")
@requires("notifications:read")
def index() -> ResponseReturnValue:
    """List the messages to patients, the latest first."""
    _, after = page_query()
    found = notification_service.list(limit=PAGE, after=after)
    record_listing("notifications", (notification.patient_id for notification in found.rows))
    patients = patient_service.get_many(notification.patient_id for notification in found.rows)
    return render_template("notifications/index.html", found=found, patients=patients, next_url=page_url(found, None))
