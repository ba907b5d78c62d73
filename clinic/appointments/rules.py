"""States of an appointment (FHIR R4 AppointmentStatus), and what may follow on what."""

from datetime import datetime, timedelta

BOOKED = "booked"
CANCELLED = "cancelled"
STATES = (
    "pending",
    "waitlist",
    BOOKED,
    "arrived",
    "checked-in",
    "fulfilled",
    CANCELLED,
    "noshow",
    "entered-in-error",
)
ACTIVE = ("pending", BOOKED, "arrived", "checked-in", "fulfilled")
"""In these states an appointment takes its practitioner's and its patient's time."""

CANCELLABLE = ("pending", "waitlist", BOOKED)
CANCEL_REASONS = ("patient", "practitioner", "clinic", "other")
LONGEST = timedelta(hours=24)

ENDS_TOO_EARLY = "The end must be after the start"
TOO_LONG = "An appointment lasts at most 24 hours"


def span_problem(starts_at: datetime, ends_at: datetime) -> str | None:
    """Say what is the matter with the length of an appointment."""
    if ends_at <= starts_at:
        return ENDS_TOO_EARLY
    return TOO_LONG if ends_at - starts_at > LONGEST else None
