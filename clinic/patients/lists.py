"""Lists of patients: filters by the records of all modules, in a chosen order, page by page in both directions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT
from clinic.core.errors import PermissionDenied
from clinic.core.modules import list_filters
from clinic.patients.consent_rules import NO, NOT_ASKED, WITHDRAWN, YES
from clinic.patients.models import ConsentAnswer, Patient
from clinic.patients.rules import ACTIVE, ARCHIVED

LIST = "patients.index"
DUPLICATES = "patients.duplicates"
"""The list of possible duplicates, and the page that compares two of them."""
"""The page of the list, by which modules know what they add filters and columns to."""

MOST_COUNTED = 10_000

SORTS: Mapping[str, InstrumentedAttribute[Any]] = {
    "name": Patient.sort_name,
    "number": Patient.mrn,
    "registered": Patient.id,
    "updated": Patient.updated_at,
}
"""The orders of the list by name; all have an index, and the id comes last in each."""

NEWEST, BY_UPDATE = "-registered", "updated"
BEFORE = "before"
"""Begins the key of a page that ends before a row."""

STATUSES = {"active": "Active", "archived": "Archived", "deceased": "Deceased", "all": "All"}
CONSENTS = {
    "no-reminders": ("No way to remind", "without a way to remind"),
    "recalls-not-asked": ("Recalls not asked", "not asked about recalls"),
    "withdrawn": ("Something withdrawn", "with consent withdrawn"),
}

Key = tuple[Any, ...]


class PatientFilters(TypedDict, total=False):
    """Filters of a list; those of the modules are by name. A missing one, or None, matches every patient."""

    status: str | None
    consent: str | None
    updated_since: datetime | None
    modules: Mapping[str, str]


@dataclass(frozen=True)
class PatientPage:
    """Some patients of a list, and the keys of the pages after and before them, None without such a page."""

    rows: Sequence[Patient]
    next_key: Key | None
    previous_key: Key | None = None


class PatientLists:
    """The part of PatientService that lists patients."""

    def list(
        self,
        *,
        sort: str = NEWEST,
        limit: int = DEFAULT_LIMIT,
        after: Key | None = None,
        **filters: Unpack[PatientFilters],
    ) -> PatientPage:
        """Return patients in an order of `SORTS`, reversed by a minus; without a status archived ones are left out.

        :raises PermissionDenied: if the current actor may not use the filter of a module
        """
        is_back = bool(after) and after is not None and after[0] == BEFORE
        position = after[1:] if is_back and after else after
        column = SORTS[sort.removeprefix("-")]
        order = [Patient.id] if column is Patient.id else [column, Patient.id]
        descending = sort.startswith("-") != is_back
        wanted = select(Patient).where(*_conditions(filters))
        wanted = wanted.order_by(*(one.desc() if descending else one for one in order)).limit(limit + 1)
        if position:
            here, key = _position(column, position), tuple_(*order)
            wanted = wanted.where(key < here if descending else key > here)
        found = db.session.scalars(wanted).all()
        return _page(found, limit, sort, is_back=is_back, is_first=position is None)

    def count(self, **filters: Unpack[PatientFilters]) -> int:
        """Return how many patients a list has, at most one more than `MOST_COUNTED`."""
        some = select(Patient.id).where(*_conditions(filters)).limit(MOST_COUNTED + 1)
        return db.session.scalar(select(func.count()).select_from(some.subquery())) or 0


def _page(found: Sequence[Patient], limit: int, sort: str, *, is_back: bool, is_first: bool) -> PatientPage:
    rows = found[:limit]
    rows, has_more = (rows[::-1] if is_back else rows), len(found) > limit
    if not rows:
        return PatientPage(rows, None, None)
    has_next, has_previous = (True, has_more) if is_back else (has_more, not is_first)
    return PatientPage(
        rows,
        _key(rows[-1], sort) if has_next else None,
        (BEFORE, *_key(rows[0], sort)) if has_previous else None,
    )


def _key(patient: Patient, sort: str) -> Key:
    """Return the key of a row: its id, from which the order follows, so that no cursor contains a name.

    The instant of an update is a part of the key, as the row may be updated again before the next page.
    """
    return (patient.updated_at, patient.id) if sort.removeprefix("-") == BY_UPDATE else (patient.id,)


def _position(column: InstrumentedAttribute[Any], key: Key) -> Any:
    """Return the values of the row of a key in the order of the list."""
    if column is Patient.id:
        return tuple_(*key, types=[Patient.id.type])
    if column is Patient.updated_at:
        return tuple_(*key, types=[Patient.updated_at.type, Patient.id.type])
    value = select(column).where(Patient.id == key[0]).correlate(None).scalar_subquery()
    return tuple_(func.coalesce(value, ""), key[0], types=[column.type, Patient.id.type])


def _conditions(filters: PatientFilters) -> Sequence[ColumnElement[bool]]:
    conditions = [*_status_conditions(filters.get("status") or "active")]
    if consent := filters.get("consent"):
        conditions.append(_consent_condition(consent))
    if since := filters.get("updated_since"):
        conditions.append(Patient.updated_at >= since)
    known = list_filters(LIST)
    for name, value in filters.get("modules", {}).items():
        if not current_actor().has_permission(known[name].permission):
            raise PermissionDenied(known[name].permission)
        conditions.append(known[name].subjects(value).contains(Patient.id))
    return conditions


def _status_conditions(status: str) -> Sequence[ColumnElement[bool]]:
    states = {"active": ACTIVE, "archived": ARCHIVED}
    if status in states:
        return [Patient.state == states[status]]
    present = [Patient.merged_into_id.is_(None)]
    return [*present, Patient.deceased_on.is_not(None)] if status == "deceased" else present


def _consent_condition(consent: str) -> ColumnElement[bool]:
    """Return the condition of a filter by consent; reminders by email are on by registration until refused."""
    if consent == "recalls-not-asked":
        asked = _current(ConsentAnswer.purpose == "recalls", ConsentAnswer.state != NOT_ASKED)
        return ~asked.where(ConsentAnswer.patient_id == Patient.id).exists()
    if consent == "withdrawn":
        return Patient.id.in_(_refused(ConsentAnswer.state == WITHDRAWN))
    reminders = ConsentAnswer.purpose == "reminders"
    agreed = _current(reminders, ConsentAnswer.state == YES).where(ConsentAnswer.patient_id == Patient.id)
    return Patient.id.in_(_refused(reminders, ConsentAnswer.channel == "email")) & ~agreed.exists()


def _refused(*conditions: ColumnElement[bool]) -> Select[UUID]:
    """Select the patients with a current refusal or withdrawal; the condition of the states is that of the index."""
    states = [literal(state, literal_execute=True) for state in (NO, WITHDRAWN)]
    return _current(ConsentAnswer.state.in_(states), *conditions)


def _current(*conditions: ColumnElement[bool]) -> Select[UUID]:
    return select(ConsentAnswer.patient_id).where(ConsentAnswer.is_current, *conditions)


def without_reminders(patient_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of some patients who can't be reminded, by their consent."""
    wanted = select(Patient.id).where(Patient.id.in_(patient_ids), _consent_condition("no-reminders"))
    return set(db.session.scalars(wanted))
