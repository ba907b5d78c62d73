"""A search of patients: from the typed text to a page of matches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from clinic.audit.service import audit_service
from clinic.core.clock import now, today
from clinic.core.context import current_actor
from clinic.core.db import db, force_custom_plans
from clinic.core.db.pagination import Page
from clinic.identity.clinics import clinic_service
from clinic.patients.models import Patient
from clinic.patients.rules import medical_record_number
from clinic.patients.search.finder import Finder, Hit, Similar
from clinic.patients.search.index import key_of, partition_of
from clinic.patients.search.queries import Place
from clinic.patients.search.terms import Reading, Term, terms_of
from clinic.patients.search.tokens import NAME, NUMBER

_RECENT = timedelta(hours=12)
_MOST_RECENT, _MOST_RECENT_SHOWN = 20, 5
_PARTS_OF_KEY = 5


Key: TypeAlias = tuple[Any, ...]
"""What a cursor of a search holds."""


@dataclass(frozen=True)
class Start:
    """Where a page starts: after a place, with the similar words and without the patients of the pages before."""

    place: Place | None = None
    similar: Similar | None = None
    left_out: tuple[int, ...] = ()

    @classmethod
    def of_key(cls, key: Key | None) -> "Start":
        """Return the start that a key describes; the first page if it is the key of a former version."""
        if key is None or len(key) != _PARTS_OF_KEY:
            return cls()
        branch, token, patient, similar, left_out = key
        return cls(Place(branch, token, patient), dict(similar), tuple(left_out))

    def as_key(self) -> Key | None:
        """Return the values of which a cursor is made: the place is known by its rank, whoever stands there."""
        if self.place is None:
            return None
        similar = [[position, [*words]] for position, words in (self.similar or {}).items()]
        return (self.place.branch, self.place.token, self.place.patient, similar, [*self.left_out])


@dataclass(frozen=True)
class Match:
    """A patient who was found; `almost` is the typed word in which a typing error was supposed."""

    patient: Patient
    almost: str | None = None


def read_query(query: str) -> list[Term]:
    """Return the terms of a query as the current clinic and actor mean it."""
    return terms_of(query, current_reading())


def current_reading() -> Reading:
    """Return how the current clinic and actor mean a query."""
    clinic = clinic_service.current()
    return Reading(
        country=clinic.country,
        locale=clinic.locale,
        today=today(clinic.zone),
        contact=current_actor().has_permission("patients:contact"),
    )


def recently_seen() -> list[int]:
    """Return the keys of the patients whom the current actor has viewed in the last hours, the latest first."""
    ids = audit_service.recently_viewed("patients", since=now() - _RECENT, limit=_MOST_RECENT)
    numbers = dict(db.session.execute(select(Patient.id, Patient.mrn).where(Patient.id.in_(ids))).all()) if ids else {}
    return [key_of(numbers[one]) for one in ids if one in numbers]


def find_matches(
    terms: Sequence[Term],
    *,
    limit: int,
    after: Key | None = None,
    archived: bool = False,
    recent: Sequence[int] = (),
) -> Page[Match]:
    """Return a page of the patients who match all terms, the best first; `after` is the key of the page before.

    Of equally good matches on the first page those whose keys are in `recent` come first.
    """
    partitions = [partition_of(), *([partition_of(on_request=True)] if archived else ())]
    start = Start.of_key(after)
    size = limit + 1 + min(len(recent), _MOST_RECENT_SHOWN) + len(start.left_out)
    finder = Finder(terms, partitions, size=size, similar=start.similar)
    if not finder.branches:
        return Page([], None)
    force_custom_plans()
    hits = list(islice(finder.hits(start.place, recent), size))
    first = _first(finder.recent, recent, limit)
    shown_before = {*start.left_out, *(hit.place.patient for hit in first)}
    others = [hit for hit in hits if hit.place.patient not in shown_before]
    shown = others[: limit - len(first)]
    if len(others) == len(shown):
        next_key = None
    else:
        next_key = Start(shown[-1].place, finder.similar, tuple(sorted(shown_before))).as_key()
    return Page(_matches(_ranked(terms, first, shown)), next_key)


def _first(found: Sequence[Hit], recent: Sequence[int], limit: int) -> list[Hit]:
    """Return the recently seen patients who match, the latest first: a few, and at least one other has a place."""
    ordered = sorted(found, key=lambda hit: recent.index(hit.place.patient))
    return ordered[: min(_MOST_RECENT_SHOWN, limit - 1)]


def _ranked(terms: Sequence[Term], first: Sequence[Hit], others: Sequence[Hit]) -> list[Hit]:
    """Return hits by how well they match, of equal ones the recently seen first; typing errors come last."""
    return sorted([*first, *others], key=lambda hit: _class(terms, hit)) if first else [*others]


def _class(terms: Sequence[Term], hit: Hit) -> int:
    if hit.almost:
        return 3
    if any(form.kind == NUMBER and form.token in hit.tokens for term in terms for form in term.forms):
        return 0
    names = [term.of_kinds(NAME) for term in terms if term.word]
    return 1 if all(any(form.token in hit.tokens for form in forms) for forms in names) else 2


def _matches(hits: Sequence[Hit]) -> list[Match]:
    """Return the patients, with the lists of their records, in one query."""
    if not hits:
        return []
    numbers = {medical_record_number(-hit.place.patient): hit for hit in hits}
    query = select(Patient).where(Patient.mrn.in_(numbers)).options(joinedload(Patient.details))
    found = {one.mrn: one for one in db.session.scalars(query).unique()}
    return [Match(found[mrn], hit.almost) for mrn, hit in numbers.items() if mrn in found]
