"""The page that explains why no message was sent: the checks that the worker asks, in its order."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import abort, render_template
from flask.typing import ResponseReturnValue

from clinic.core.audit import record_view
from clinic.notifications.abouts import about_of
from clinic.notifications.channels import CHANNELS
from clinic.notifications.kinds import KINDS
from clinic.notifications.log import message_log
from clinic.notifications.pages.blueprint import blueprint
from clinic.notifications.relevance import explain
from clinic.notifications.subjects import MessageSubject
from clinic.patients.service import patient_service
from clinic.web.authorization import requires

EMAIL = "email"
MOST_OTHERS = 5


@blueprint.get("/why/<string:kind>/<uuid:about_id>")
@requires("notifications:read")
def why(kind: str, about_id: UUID) -> ResponseReturnValue:
    """Explain why a message of a kind about a record was or is not sent."""
    if kind not in KINDS:
        abort(404)
    row = message_log.latest(kind, about_id, EMAIL)
    explanation = explain(kind, about_id, channel=EMAIL, row=row)
    patient = patient_service.get(MessageSubject(kind, about_id, EMAIL, row).patient_id)
    record_view("patients", patient.id, patient.id)
    return render_template(
        "notifications/why.html",
        kind=KINDS[kind],
        kinds=KINDS,
        about_id=about_id,
        about=about_of(kind, about_id),
        row=row,
        patient=patient,
        explanations=[explanation],
        channels=CHANNELS,
        others=message_log.about(about_id, limit=MOST_OTHERS),
        same_subject=_kinds_about(KINDS[kind].about),
    )


def _kinds_about(subject: str) -> Mapping[str, Any]:
    """Return the kinds of messages about the same type of record."""
    return {kind.name: kind for kind in KINDS.values() if kind.about == subject}
