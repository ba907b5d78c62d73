"""What appointments add to lists of patients: a filter by the last visit, the last and next visits, their number."""

from collections.abc import Sequence
from uuid import UUID

from clinic.appointments.booking.visits import patients_seen_since
from clinic.appointments.service import appointment_service
from clinic.core.clock import months_ago, wall_day
from clinic.core.context import current_actor
from clinic.core.subject_lists import ListBadges, ListColumn, ListFilter, SubjectSet
from clinic.identity.clinics import clinic_service
from clinic.patients.service import DUPLICATES, LIST
from clinic.web.template_filters import day, near_day, near_instant

PERMISSION = "appointments:read"
MONTHS = ("6", "12", "24")


def _without_visit(months: str) -> SubjectSet:
    """Return the patients who had no visit in the last months."""
    return SubjectSet(patients_seen_since(months_ago(int(months))), inside=False)


FILTERS = (
    ListFilter(
        "no_visit",
        "No visit for",
        {one: (f"{one} months", f"without a visit for {one} months") for one in MONTHS},
        PERMISSION,
        _without_visit,
        "Any time",
        order=20,
    ),
)


def visit_badges(patient_ids: Sequence[UUID]) -> ListBadges:
    """Return the number of visits of each patient, and the day of the last one, to those who may see them."""
    if not current_actor().has_permission(PERMISSION):
        return ListBadges()
    visits, zone = appointment_service.count_and_last(patient_ids), clinic_service.current().zone
    texts = {
        one: f"{count} {'visit' if count == 1 else 'visits'}, last {day(wall_day(at, zone))}"
        for one, (count, at) in visits.items()
    }
    return ListBadges([ListColumn("Visits", dict.fromkeys(patient_ids, "no visits") | texts)])


def badges(patient_ids: Sequence[UUID]) -> ListBadges:
    """Return the last and the next visit of each patient, to those who may see them."""
    if not current_actor().has_permission(PERMISSION):
        return ListBadges()
    zone = clinic_service.current().zone
    visits = appointment_service.last_and_next(patient_ids)
    last = {one: near_day(wall_day(at, zone), zone) for one, (at, _) in visits.items() if at}
    coming = {one: near_instant(at, zone) for one, (_, at) in visits.items() if at}
    return ListBadges([ListColumn("Last visit", last, wide=True), ListColumn("Next visit", coming)])


BADGES = {LIST: badges, DUPLICATES: visit_badges}
"""What is shown of the patients of each list."""
