"""Sending a message another way: a call by the desk, or a letter that is printed."""

from uuid import UUID

from flask import Response, flash, make_response, redirect, url_for
from flask.typing import ResponseReturnValue

from clinic.core.audit import record_view
from clinic.core.context import current_actor
from clinic.core.errors import Conflict, PermissionDenied
from clinic.notifications.letters import write_letter
from clinic.notifications.other_channels import send_by as queue_by_channel
from clinic.notifications.pages.blueprint import blueprint
from clinic.notifications.pages.message import message_page
from clinic.notifications.schemas.messages import ChannelSchema
from clinic.notifications.service import notification_service
from clinic.web.authorization import requires
from clinic.web.forms import Form, load_form, posted_from, refuse
from clinic.web.idempotency import idempotent


@blueprint.route("/<uuid:notification_id>/other-channel", methods=["GET", "POST"])
@requires("notifications:write")
@posted_from(".show", "notification_id")
@idempotent
def send_by(notification_id: UUID) -> ResponseReturnValue:
    """Put what a message says on the list to call, or among the letters to print."""
    form = load_form(ChannelSchema())
    if form.errors:
        return message_page(notification_id, form), 422
    try:
        message = queue_by_channel(notification_id, **form.data)
    except Conflict as error:
        return refuse(message_page(notification_id, form.reject(error)), error)
    flash("Put on the list to call" if message.channel == "phone" else "The letter is ready to print")
    return redirect(url_for(".show", notification_id=message.id), 303)


@blueprint.get("/<uuid:notification_id>/letter.pdf")
@requires("notifications:read")
def letter(notification_id: UUID) -> ResponseReturnValue:
    """Return a message as a letter to print, with the patient's postal address."""
    if not current_actor().has_permission("patients:contact"):
        raise PermissionDenied("patients:contact")
    message = notification_service.get(notification_id)
    content = write_letter(message)
    record_view("notifications", message.id, message.patient_id)
    response: Response = make_response(content)
    response.headers["Content-Type"] = "application/pdf"
    response.headers["Content-Disposition"] = f'attachment; filename="letter-{message.id}.pdf"'
    return response


@blueprint.route("/<uuid:notification_id>/printed", methods=["GET", "POST"])
@requires("notifications:write")
@posted_from(".show", "notification_id")
@idempotent
def record_printed(notification_id: UUID) -> ResponseReturnValue:
    """Record that a letter was printed."""
    try:
        notification_service.record_printed(notification_id)
    except Conflict as error:
        return refuse(message_page(notification_id, Form().reject(error)), error)
    flash("Recorded that the letter was printed")
    return redirect(url_for(".show", notification_id=notification_id), 303)
