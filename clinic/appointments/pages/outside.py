"""The list of booked appointments that fall outside changed hours, as pages show it before saving, with the choices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request

from clinic.appointments.schemas.hours import CHOICE, MOST_PROPOSED, OTHER_TIME
from clinic.appointments.schemas.outside import OTHER, OutsideForm
from clinic.appointments.service import (
    CANCEL,
    KEEP,
    AppointmentsOutside,
    ChoiceImpossible,
    Choices,
    Outside,
    Preview,
    outcome_text,
    propose_times,
)
from clinic.core.audit import record_listing
from clinic.core.clock import today
from clinic.core.context import current_actor
from clinic.identity.clinics import clinic_service
from clinic.patients.service import patient_service
from clinic.web.forms import Form, load_form

MOST_SHOWN, MOST_SHOWN_AT_ALL = MOST_PROPOSED, 1000
NO_OTHER_TIME = "Enter a day, and a time that the clock shows on it"
CHECKING = {"all", "check"}
"""The buttons that save nothing and only list what falls outside; `all` has the value `check` or `delete`."""


@dataclass(frozen=True)
class OutsideRow:
    """A listed appointment: the proposed starts by the values of the choices, what is chosen, and the typed time."""

    outside: Outside
    name: str
    starts: dict[str, datetime]
    chosen: str
    other: str

    @property
    def other_name(self) -> str:
        """The name of the field of the typed time."""
        return self.name.replace(CHOICE, OTHER_TIME, 1)


def load_choices(form: Form) -> Choices:
    """Return what was chosen on the sent page, with the errors of it in the form."""
    sent = load_form(OutsideForm())
    for name, messages in sent.errors.items():
        field = name.replace("appointments-", CHOICE, 1)
        form.errors[field] = [NO_OTHER_TIME] if request.form.get(field) == OTHER else messages
    choices: Choices = sent.data.get("choices", {})
    return choices


def reject_choice(form: Form, error: AppointmentsOutside) -> None:
    """Add the error of a choice, if it is one, to a form at the field of its appointment."""
    if isinstance(error, ChoiceImpossible):
        form.errors[f"{CHOICE}{error.appointment_id}"] = [error.message]


def with_outcome(text: str, choices: Choices) -> str:
    """Return a message with how many appointments were moved and cancelled."""
    return ": ".join(filter(None, (text, outcome_text(sum(1 for one in choices.values() if one != KEEP), choices))))


def outside_context(preview: Preview | None) -> dict[str, Any]:
    """Return what the template `appointments/_outside.html` shows; patients only to those who may see appointments."""
    if preview is None:
        return {"preview": None, "outside": (), "act_text": "", "sent_choices": _sent_choices()}
    if not current_actor().has_permission("appointments:read"):
        return {"preview": preview, "outside": (), "act_text": _act_text(preview, [])}
    chooses = current_actor().has_permission("appointments:write")
    most = MOST_SHOWN_AT_ALL if "all" in request.form else MOST_SHOWN
    shown = (propose_times(preview, MOST_PROPOSED) if chooses else preview).outside[:most]
    record_listing("appointments", (one.appointment.patient_id for one in shown))
    rows = [_row(one) for one in shown]
    return {
        "preview": preview,
        "outside": rows,
        "chooses": chooses,
        "this_year": today(clinic_service.current().zone).year,
        "uses_choices": request.form.get("outside") == "choose",
        "act_text": _act_text(preview, rows),
        "patients": patient_service.get_many(one.appointment.patient_id for one in shown),
    }


def _row(one: Outside) -> OutsideRow:
    """Return a row; what was sent stays chosen as long as it is offered, else the first proposal is."""
    name = f"{CHOICE}{one.appointment.id}"
    starts = {at.isoformat(): at for at in one.proposals}
    sent = request.form.get(name)
    chosen = sent if sent in {KEEP, CANCEL, OTHER, *starts} else next(iter(starts), KEEP)
    return OutsideRow(one, name, starts, str(chosen), request.form.get(OTHER_TIME + str(one.appointment.id), ""))


def _sent_choices() -> dict[str, str]:
    """Return the fields of the choices as they were sent, for a page that lists no appointments now."""
    return {
        name: value
        for name, value in request.form.items()
        if name == "outside" or name.startswith((CHOICE, OTHER_TIME))
    }


def _act_text(preview: Preview, rows: Sequence[OutsideRow]) -> str:
    """Return what the button that saves says of the appointments: `keep 3 as booked`, `move 2, cancel 1`."""
    chosen = [row.chosen for row in rows] if request.form.get("outside") == "choose" else []
    cancelled = chosen.count(CANCEL)
    moved = len(chosen) - chosen.count(KEEP) - cancelled
    parts = [f"{verb} {count}" for verb, count in (("move", moved), ("cancel", cancelled)) if count]
    if parts or not preview.outside:
        return ", ".join(parts)
    return f"keep {len(preview.outside)} as booked"
