"""The answers about consent in a patient's timeline, in words."""

from collections.abc import Mapping, Sequence

from clinic.core.timeline_sources import CHANGES, TimelineRow, TimelineSource, TimelineText
from clinic.patients.consent_rules import NOT_STATED, SOURCES, STATES, WITHDRAWN, topic_label
from clinic.patients.consent_timeline import select_consent_changes

CONSENT = "Consent"


def present_consent(rows: Sequence[TimelineRow]) -> Sequence[TimelineText]:
    """Return changes of consent in words."""
    return [_text(row) for row in rows]


def _text(row: TimelineRow) -> TimelineText:
    topics = _topics_by_state(row.details["answers"])
    title = f"{CONSENT} {STATES[next(iter(topics))].lower()}:" if len(topics) == 1 else f"{CONSENT}:"
    texts = [", ".join(labels) if len(topics) == 1 else _line(state, labels) for state, labels in topics.items()]
    icon, tone = ("ban", "warn") if WITHDRAWN in topics else ("check", "info")
    source, note = row.details["source"], row.details["note"]
    how = SOURCES.get(source) if source != NOT_STATED else None
    return TimelineText(title, "; ".join(texts), " · ".join(part for part in (how, note) if part), icon, tone)


def _line(state: str, labels: Sequence[str]) -> str:
    return f"{STATES[state].lower()} to {', '.join(labels)}"


def _topics_by_state(answers: str) -> Mapping[str, Sequence[str]]:
    """Return the labels of topics by the state that they got."""
    found: dict[str, list[str]] = {}
    for answer in sorted(answers.split(",")):
        purpose, channel, state = answer.split()
        found.setdefault(state, []).append(topic_label((purpose, channel)))
    return found


SOURCE = TimelineSource("consent", CHANGES, "patients:read", select_consent_changes, present_consent)
