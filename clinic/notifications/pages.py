"""The page of messages to patients."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from clinic.core.audit import record_listing
from clinic.notifications.service import notification_service
from clinic.patients.service import patient_service
from clinic.web.authorization import requires
from clinic.web.json_api import ListQuery
from clinic.web.list_views import next_url, parse_list_query

blueprint = Blueprint("notifications", __name__, url_prefix="/messages", template_folder="templates")

PAGE = 20


@blueprint.get("")
@requires("notifications:read")
def index() -> ResponseReturnValue:
    """List the messages to patients, the newest first."""
    _, after = parse_list_query(ListQuery(only=("cursor",)))
    found = notification_service.list(limit=PAGE, after=after)
    record_listing("notifications", (notification.patient_id for notification in found.rows))
    patients = patient_service.get_many(notification.patient_id for notification in found.rows)
    return render_template("notifications/index.html", found=found, patients=patients, next_url=next_url(found, {}))
