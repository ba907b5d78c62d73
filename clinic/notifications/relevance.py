"""Whether a message is sent, check by check: asked before every attempt and at its hand-over, and shown on pages."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from clinic.core.mail.errors import NotSent, NotYet
from clinic.core.mail.queue import NotToBeSent
from clinic.notifications.check_types import Check
from clinic.notifications.checks import NO_ADDRESS, checks_of, past_reason
from clinic.notifications.models import Notification
from clinic.notifications.subjects import MessageSubject

Outcome = Literal["passed", "stopped", "waits", "not asked"]


@dataclass(frozen=True)
class Repair:
    """A page on which the answer of a check can be changed: the endpoint, the id that it takes, and its label.

    The page of the clinic's settings takes none: then `argument` is None.
    """

    label: str
    endpoint: str
    argument: str | None
    record_id: UUID

    @property
    def arguments(self) -> Mapping[str, UUID]:
        """The arguments of the endpoint."""
        return {self.argument: self.record_id} if self.argument else {}


@dataclass(frozen=True)
class CheckResult:
    """How one check of a message went; `reason` is why it stopped or waits, `repair` where that can be changed.

    `until` is the time until which it waits, if that is known.
    """

    name: str
    label: str
    outcome: Outcome
    reason: str | None = None
    repair: Repair | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Explanation:
    """The checks of a message by a channel, in the order in which they are asked; after the first stop none is."""

    kind: str
    channel: str
    results: tuple[CheckResult, ...]

    @property
    def stopped(self) -> CheckResult | None:
        """The check that stops the message, or lets it wait; None if it can be sent now."""
        return next((one for one in self.results if one.outcome in {"stopped", "waits"}), None)


def explain(kind: str, about_id: UUID, *, channel: str = "email", row: Notification | None = None) -> Explanation:
    """Return for each check of a message whether it passes now, and why not; `row` is the message if there is one.

    `about_id` is the patient, appointment, invoice or recall that the kind of message is about.

    :raises NotFound: if there is no such record
    """
    return _explained(MessageSubject(kind, about_id, channel, row))


def explain_all(subjects: Iterable[MessageSubject]) -> Sequence[Explanation]:
    """Return the checks of several messages, whose subjects may have been loaded together."""
    return [_explained(subject) for subject in subjects]


def check_relevance(subject: MessageSubject, *, again: bool = False) -> None:
    """Check that a claimed message is wanted and still true, against the record that it is about.

    `again` is whether that was checked a moment ago, when it was written.

    :raises NotToBeSent: if it is not
    :raises NotYet: if it has to wait until a time
    :raises NotSent: if it has to wait, for an earlier message about the same record or until it follows a merge
    """
    checks = [check for check in checks_of(subject.kind.name) if check.is_asked_twice or not again]
    for result in _results(subject, checks):
        if result.outcome == "stopped":
            raise NotToBeSent(result.reason or "")
        if result.until is not None:
            raise NotYet(result.reason or "", until=result.until)
        if result.outcome == "waits":
            raise NotSent(result.reason or "")


def _explained(subject: MessageSubject) -> Explanation:
    results = tuple(_results(subject, checks_of(subject.kind.name)))
    return Explanation(subject.kind.name, subject.channel, results)


def _results(subject: MessageSubject, checks: Iterable[Check]) -> Iterator[CheckResult]:
    """Yield the result of each check; after a stop the others are not asked."""
    is_stopped = False
    for check in checks:
        if is_stopped:
            yield CheckResult(check.name, check.label, "not asked")
        elif stop := check.stop(subject):
            is_stopped = True
            outcome: Outcome = "waits" if stop.waits else "stopped"
            yield CheckResult(check.name, check.label, outcome, stop.reason, _repair(check, subject), stop.until)
        else:
            yield CheckResult(check.name, check.label, "passed")


def _repair(check: Check, subject: MessageSubject) -> Repair | None:
    """Return the page on which the answer of a check can be changed, None if there is none."""
    if check.page is None:
        return None
    record_id = subject.patient_id if check.argument == "patient_id" else subject.about_id
    return Repair(check.page_label, check.page, check.argument, record_id)


__all__ = [
    "NO_ADDRESS",
    "CheckResult",
    "Explanation",
    "Repair",
    "check_relevance",
    "explain",
    "explain_all",
    "past_reason",
]
