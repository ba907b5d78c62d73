"""What the tables of consent show: a row for each purpose, a column for each channel."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from clinic.core.clock import wall_day
from clinic.patients.consent_rules import (
    ALLOWED,
    ANSWERED,
    BY_REGISTRATION,
    CHANNELS,
    NO,
    NOT_ASKED,
    NOT_STATED,
    PURPOSES,
    SOURCES,
    STATES,
    WITHDRAWN,
    YES,
    channel_label,
    registration_ticks,
)
from clinic.patients.models import ConsentAnswer
from clinic.patients.service import Consent, ConsentState, Patient
from clinic.web.forms import Form

QUESTIONS = {
    "care": "Confirmations, changes, cancellations, receipts. By email: on by registration, until refused",
    "reminders": "“Shall we remind you before a visit?” By email: on by registration, until refused",
    "recalls": "“Shall we write when a check-up is due?”",
    "news": "“May we send you news of the clinic?”",
}
TONES = {YES: "ok", BY_REGISTRATION: "ok", WITHDRAWN: "bad", NOT_ASKED: "warn", NO: ""}
_MISSING = {"email": "no email", "sms": "no phone", "phone": "no phone", "post": "no address"}
_REASONS = {WITHDRAWN: "Withdrawn", NO: "Refused", NOT_ASKED: "Not asked"}


@dataclass(frozen=True)
class Box:
    """The tick box of a purpose and a channel, with the state on record."""

    channel: str
    label: str
    ticked: bool
    state: str

    @property
    def differs(self) -> bool:
        """Whether the tick differs from what is on record."""
        return self.ticked != (self.state in ALLOWED)

    @property
    def state_label(self) -> str:
        """The label of the state."""
        return STATES[self.state]


@dataclass(frozen=True)
class OnRecord:
    """A state that channels of one purpose share, and how the latest of them was answered."""

    text: str
    tone: str
    latest: ConsentState
    recorded_by: str | None

    @property
    def source(self) -> str | None:
        """How the patient answered; None if that is not stated, or it follows from the registration."""
        given = self.latest.source
        return SOURCES[given] if given and given != NOT_STATED and self.latest.recorded_by else None


@dataclass(frozen=True)
class HistoryRow:
    """Answers that one change recorded alike for some channels of one purpose."""

    channels: str
    answer: ConsentAnswer | ConsentState
    answered_on: date | None
    """The day of the answer, if it was recorded on another one."""


@dataclass(frozen=True)
class Row:
    """A purpose: its tick boxes, what is on record, and whether a no to the rest can be recorded."""

    purpose: str
    label: str
    question: str
    boxes: Sequence[Box]
    on_record: Sequence[OnRecord] = ()
    may_refuse: bool = False

    @property
    def is_unasked(self) -> bool:
        """Whether the patient was asked about no channel."""
        return all(box.state == NOT_ASKED for box in self.boxes)


def registration_rows(form: Form) -> list[Row]:
    """Return the rows of the form of a new patient, ticked as it says."""
    return [
        Row(purpose, PURPOSES[purpose], QUESTIONS[purpose], _boxes(purpose, form, dict.fromkeys(CHANNELS, NOT_ASKED)))
        for purpose in PURPOSES
    ]


def rows_of(consent: Consent, form: Form | None = None, names: Mapping[str, str] | None = None) -> list[Row]:
    """Return the rows of a patient's consent, ticked as a form says; `names` are those of the actors."""
    return [_row(purpose, consent, form, names or {}) for purpose in PURPOSES]


def initial_ticks(consent: Consent | None = None) -> dict[str, list[str]]:
    """Return the ticked channels of each purpose: those that are allowed, or by registration before it."""
    if consent is None:
        return registration_ticks()
    allowed = [one for one in consent.answers if one.allowed]
    return {purpose: [one.channel for one in allowed if one.purpose == purpose] for purpose in PURPOSES}


def history_rows(answers: Iterable[ConsentAnswer], assumed: Iterable[ConsentState], zone: str) -> list[HistoryRow]:
    """Return the rows of a history: the answers, and what was on by registration before them."""
    alike: dict[tuple[Any, ...], list[ConsentAnswer]] = {}
    for one in answers:
        key = (one.change, one.purpose, one.state, one.source, one.answered_on, one.note)
        alike.setdefault(key, []).append(one)
    rows = [_history_row(group, zone) for group in alike.values()]
    return rows + [HistoryRow(CHANNELS[one.channel], one, None) for one in assumed]


def columns_of(patient: Patient | None) -> list[tuple[str, str]]:
    """Return the label of each channel, with the end of the patient's address; of nobody without one."""
    if patient is None:
        return [(label, "") for label in CHANNELS.values()]
    return [(CHANNELS[channel], text or _MISSING[channel]) for channel, text in _addresses(patient).items()]


def _addresses(patient: Patient) -> dict[str, str | None]:
    """Return the part of a patient's address that a column shows, for each channel."""
    email = f"{patient.email.partition('@')[0]}@…" if patient.email else None
    phone = f"…{patient.phone.partition(';')[0][-6:]}" if patient.phone else None
    post = patient.address.splitlines()[-1] if patient.address else None
    return {"email": email, "sms": phone, "phone": phone, "post": post}


def effects_of(consent: Consent, patient: Patient | None) -> list[tuple[str, str]]:
    """Return for each purpose what may be sent now, or why nothing is; addresses matter only if `patient` is given."""
    missing = {channel for channel, text in _addresses(patient).items() if not text} if patient else ()
    states = {purpose: [one for one in consent.answers if one.purpose == purpose] for purpose in PURPOSES}
    return [(PURPOSES[purpose], _effect(found, missing)) for purpose, found in states.items()]


def _effect(states: Sequence[ConsentState], missing: Collection[str]) -> str:
    allowed = [one.channel for one in states if one.allowed]
    if allowed:
        reachable = [channel_label(one) for one in allowed if one not in missing]
        without = [channel_label(one) for one in allowed if one in missing]
        sent = f"May be sent by {' and '.join(reachable)}." if reachable else "Nothing can be sent."
        return sent + (f" There is no address for {' and '.join(without)}." if without else "")
    found = {one.state for one in states}
    reason = next(state for state in (WITHDRAWN, NO, NOT_ASKED) if state in found)
    return f"{_REASONS[reason]}, so nothing is sent."


def _row(purpose: str, consent: Consent, form: Form | None, names: Mapping[str, str]) -> Row:
    states = {one.channel: one for one in consent.answers if one.purpose == purpose}
    boxes = _boxes(purpose, form, {channel: one.state for channel, one in states.items()})
    unanswered = all(box.state in {NOT_ASKED, BY_REGISTRATION} for box in boxes)
    on_record = _on_record(list(states.values()), names)
    may_refuse = unanswered and purpose in ANSWERED
    return Row(purpose, PURPOSES[purpose], QUESTIONS[purpose], boxes, on_record, may_refuse)


def _history_row(group: Sequence[ConsentAnswer], zone: str) -> HistoryRow:
    channels = [CHANNELS[name] for name in CHANNELS if name in {one.channel for one in group}]
    text = "All channels" if len(channels) == len(CHANNELS) else ", ".join(channels)
    day = group[0].answered_on
    return HistoryRow(text, group[0], None if day == wall_day(group[0].recorded_at, zone) else day)


def _boxes(purpose: str, form: Form | None, states: Mapping[str, str]) -> list[Box]:
    ticked = form.chosen(purpose) if form else [channel for channel, state in states.items() if state in ALLOWED]
    return [Box(channel, CHANNELS[channel], channel in ticked, state) for channel, state in states.items()]


def _on_record(states: Sequence[ConsentState], names: Mapping[str, str]) -> list[OnRecord]:
    """Return what is allowed; if nothing is, the strictest answer, and if there is none, that nobody asked."""
    found = [group for state in (BY_REGISTRATION, YES) if (group := [one for one in states if one.state == state])]
    for state in (WITHDRAWN, NO, NOT_ASKED):
        found = found or [group for group in [[one for one in states if one.state == state]] if group]
    return [_shared(group, names) for group in found]


def _shared(group: Sequence[ConsentState], names: Mapping[str, str]) -> OnRecord:
    """Return the state that a group has in common, with its channels where these say more."""
    latest = max(group, key=lambda one: (one.recorded_at is not None, one.recorded_at))
    text = STATES[latest.state]
    if latest.state in {YES, WITHDRAWN}:
        text += ", by " + " and ".join(channel_label(one.channel) for one in group)
    return OnRecord(text, TONES[latest.state], latest, names.get(latest.recorded_by or ""))
