"""The kinds of messages to patients: what each is about, and what it needs before it may be sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Subject = Literal["patient", "appointment", "invoice", "recall"]


@dataclass(frozen=True)
class Kind:
    """A kind of message.

    `purpose` is what the patient must have consented to, `about` the record that the message is about; one that
    `waits_for_morning` is held back in the clinic's quiet hours.
    """

    name: str
    label: str
    purpose: str
    about: Subject
    waits_for_morning: bool = False


_ALL = (
    Kind("welcome", "Welcome", "care", "patient"),
    Kind("confirmation", "Confirmation", "care", "appointment"),
    Kind("change", "Change of time", "care", "appointment"),
    Kind("cancellation", "Cancellation", "care", "appointment"),
    Kind("reminder", "Reminder", "reminders", "appointment", waits_for_morning=True),
    Kind("missed", "Missed visit", "care", "appointment", waits_for_morning=True),
    Kind("recall", "Recall", "recalls", "recall", waits_for_morning=True),
    Kind("receipt", "Receipt", "care", "invoice"),
    Kind("invoice", "Invoice", "care", "invoice"),
    Kind("payment-reminder", "Payment reminder", "care", "invoice", waits_for_morning=True),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}

TO_PAYER = ("invoice", "payment-reminder")
"""Kinds of messages that go to who pays an invoice, and say nothing of the patient if that is somebody else."""
