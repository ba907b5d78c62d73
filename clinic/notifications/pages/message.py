"""The page of one message: what was sent, what became of each attempt, and what can be done now."""

from collections.abc import Sequence
from uuid import UUID

from flask import Response, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from marshmallow import Schema

from clinic.core.audit import record_view
from clinic.core.errors import Conflict
from clinic.core.mail.queue import FAILED, UNKNOWN
from clinic.identity.actor_names import actor_names
from clinic.notifications.abouts import abouts_of
from clinic.notifications.attempts import attempts_of
from clinic.notifications.channels import CHANNELS, Channel, desk_channels
from clinic.notifications.kinds import KINDS
from clinic.notifications.log import message_log
from clinic.notifications.models import SUPPRESSED, Notification
from clinic.notifications.pages.blueprint import blueprint
from clinic.notifications.pages.message_facts import facts_about
from clinic.notifications.payers import is_to_other_payer
from clinic.notifications.preview import content_of
from clinic.notifications.schemas.messages import ARRIVED, ResolutionSchema
from clinic.notifications.service import notification_service
from clinic.patients.service import consent_service, patient_service
from clinic.web.authorization import requires
from clinic.web.fields import Choice
from clinic.web.forms import Form, load_form, posted_from, refuse
from clinic.web.idempotency import idempotent
from clinic.web.list_views import parse_list_query

MOST_OTHERS = 5

AGREED = "yes"
"""The state of consent to a channel of the desk, which no registration implies."""

_MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; sandbox"
"""The policy of a mail's own page: it has its styles inside and runs nothing."""


class PartQuery(Schema):
    """Which part of a message is shown."""

    part = Choice("text", "source", what="a part")


@blueprint.get("/<uuid:notification_id>")
@requires("notifications:read")
def show(notification_id: UUID) -> ResponseReturnValue:
    """Show a message."""
    query, _ = parse_list_query(PartQuery())
    return message_page(notification_id, Form(), query.get("part") or "text")


@blueprint.get("/<uuid:notification_id>/html")
@requires("notifications:read")
def html(notification_id: UUID) -> ResponseReturnValue:
    """Show the HTML of a message on a page of its own, which runs nothing."""
    message = notification_service.get(notification_id)
    content = content_of(message)
    record_view("notifications", message.id, message.patient_id)
    response: Response = make_response((content and content.mail.html) or "")
    response.headers["Content-Security-Policy"] = _MAIL_POLICY
    return response


@blueprint.route("/<uuid:notification_id>/resolve", methods=["GET", "POST"])
@requires("notifications:write")
@posted_from(".show", "notification_id")
@idempotent
def resolve(notification_id: UUID) -> ResponseReturnValue:
    """Record that an unclear message arrived, or send it again."""
    form = load_form(ResolutionSchema())
    if form.errors:
        return message_page(notification_id, form), 422
    arrived = form.data["outcome"] == ARRIVED
    try:
        notification_service.resolve(notification_id, arrived=arrived)
    except Conflict as error:
        return refuse(message_page(notification_id, form.reject(error)), error)
    flash("Recorded that the message arrived" if arrived else "The message will be sent again")
    return redirect(url_for(".show", notification_id=notification_id), 303)


@blueprint.route("/<uuid:notification_id>/hold-back", methods=["GET", "POST"])
@requires("notifications:write")
@posted_from(".show", "notification_id")
@idempotent
def hold_back(notification_id: UUID) -> ResponseReturnValue:
    """Keep a message that waits from being sent."""
    try:
        notification_service.hold_back(notification_id)
    except Conflict as error:
        return refuse(message_page(notification_id, Form().reject(error)), error)
    flash("The message is held back")
    return redirect(url_for(".show", notification_id=notification_id), 303)


def message_page(notification_id: UUID, form: Form, part: str = "text") -> str:
    """Return the page of a message, with the errors of a form that was sent from it."""
    message = notification_service.get(notification_id)
    attempts = attempts_of(message.id)
    earlier, later = message_log.neighbours(message)
    patient, content = patient_service.get_many([message.patient_id])[message.patient_id], content_of(message)
    page = render_template(
        "notifications/show.html",
        message=message,
        form=form,
        part=part,
        kind=KINDS.get(message.kind),
        channel=CHANNELS[message.channel],
        channels=CHANNELS,
        other_channels=_other_channels(message),
        kinds=KINDS,
        content=content,
        patient=patient,
        facts=facts_about(message, patient, content.mail if content else None),
        about=abouts_of([message]).get(message.about_id),
        attempts=attempts,
        names=actor_names(one.actor for one in attempts if one.actor),
        others=message_log.others_about(message, limit=MOST_OTHERS),
        earlier=earlier,
        later=later,
    )
    record_view("notifications", message.id, message.patient_id)
    return page


def _other_channels(message: Notification) -> Sequence[Channel]:
    """Return the channels of the desk by which a message that was not delivered may be sent as well."""
    if message.state not in {FAILED, UNKNOWN, SUPPRESSED} or message.kind not in KINDS or is_to_other_payer(message):
        return []
    states, purpose = consent_service.get(message.patient_id).states, KINDS[message.kind].purpose
    return [CHANNELS[name] for name in desk_channels() if states[purpose, name] == AGREED]
