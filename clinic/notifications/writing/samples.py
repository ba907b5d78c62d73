"""Made-up patients for previews: what a message says to a usual reader, with very long names, and to a guardian."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta

from clinic.core.clock import at_wall_time, now, today
from clinic.core.money import Money
from clinic.identity.models import Clinic
from clinic.notifications.kinds import KINDS, TO_PAYER
from clinic.notifications.links.issuing import ANSWERABLE
from clinic.notifications.mail_links import MailLinks
from clinic.notifications.writing.facts import Facts, Payment, Reader, Visit, sender_of

SAMPLES: Mapping[str, str] = {
    "usual": "A made-up patient",
    "long": "A made-up patient with very long names",
    "guardian": "The guardian of a made-up child",
}
"""The label of each made-up patient, by its name."""

_READERS = {
    "usual": Reader("Inês Pereira", "Inês"),
    "long": Reader(
        "Maria Bernardette Wolfeschlegelsteinhausenbergerdorff de Albuquerque e Vasconcelos-Montenegro",
        "Maria Bernardette",
        abroad=True,
    ),
    "guardian": Reader("Tiago", "Tiago", is_guardian=True),
}
_PRACTITIONERS = {"long": "Prof. Dr Theodora Papadimitriou-Ängström, Member of the Royal College"}
_NINE = time(9)


def sample_facts(sample: str, kind: str, clinic: Clinic) -> Facts:
    """Return what a message of a kind says to one of the made-up patients of a clinic."""
    about = KINDS[kind].about
    return Facts(
        kind,
        sender_of(clinic),
        _READERS[sample],
        patient_number="P-000123",
        visit=_visit(sample, clinic) if about == "appointment" else None,
        payment=_payment(kind, clinic) if about == "invoice" else None,
    )


def sample_links(kind: str, url: str) -> MailLinks:
    """Return the links that a kind of message has, for a preview or a test: all lead to `url` and change nothing."""
    of_visit = url if kind in ANSWERABLE else None
    return MailLinks(answer=of_visit, calendar=of_visit, preferences=url)


def _visit(sample: str, clinic: Clinic) -> Visit:
    """Return an appointment in a week, at nine."""
    day = today(clinic.zone) + timedelta(days=7)
    starts_at = at_wall_time(datetime.combine(day, _NINE), clinic.zone)
    notice = timedelta(hours=clinic.late_cancel_hours)
    answer_by = starts_at - notice if notice and starts_at - notice > now() else None
    return Visit(starts_at, 30, clinic.zone, _PRACTITIONERS.get(sample, "Dr Lukas Brandt"), answer_by)


def _payment(kind: str, clinic: Clinic) -> Payment:
    day = today(clinic.zone)
    total, nothing, number = Money(4500, clinic.currency), Money(0, clinic.currency), f"INV-{day.year}-00341"
    if kind not in TO_PAYER:
        return Payment(number, day, total, nothing)
    until = day + timedelta(days=14)
    return Payment(number, day, total, total, until, clinic.name, "PT50000201231234567890154", "TESTPTPL")
