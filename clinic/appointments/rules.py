"""States of an appointment (FHIR R4 AppointmentStatus), and rules for its times."""

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
"""States in which an appointment occupies its practitioner and patient."""

CANCELLABLE = ("pending", "waitlist", BOOKED)
CANCEL_REASONS = ("patient", "practitioner", "clinic", "other")
LONGEST = timedelta(hours=24)

ENDS_TOO_EARLY = "The end must be after the start"
TOO_LONG = "An appointment lasts at most 24 hours"


def span_problem(starts_at: datetime, ends_at: datetime) -> str | None:
    """Return the error of the start and end of an appointment, None if they are valid."""
    if ends_at <= starts_at:
        return ENDS_TOO_EARLY
    return TOO_LONG if ends_at - starts_at > LONGEST else None
