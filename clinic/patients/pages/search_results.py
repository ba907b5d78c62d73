"""The results of a search on pages: matched letters, why somebody was found, and what to do if nobody was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template, url_for

from clinic.core.audit import record_listing
from clinic.core.context import current_actor
from clinic.core.db.pagination import Page
from clinic.patients.pages.row_additions import row_additions
from clinic.patients.search.highlight import Reason, Segment, reasons_of, segments_of
from clinic.patients.search.matches import Match, current_reading, read_query
from clinic.patients.search.terms import Term
from clinic.patients.search.tokens import SearchableTexts
from clinic.patients.search.typed import Typed, typed_of
from clinic.patients.service import Patient, patient_service
from clinic.web.forms import date_parts
from clinic.web.list_views import next_url

PAGE = 20
_PARTS = 3
"""Patients who match in part."""


@dataclass(frozen=True)
class FoundRow:
    """A patient who was found: the name in pieces, and why, if that is not to be seen."""

    patient: Patient
    family_name: Sequence[Segment]
    given_name: Sequence[Segment]
    reasons: Sequence[Reason]
    almost: str | None


@dataclass(frozen=True)
class Results:
    """A page of a search."""

    query: str
    rows: Sequence[FoundRow]
    next_key: Any
    typed: Typed
    partly: Sequence[tuple[Patient, str]] = ()

    @property
    def register_url(self) -> str:
        """The URL of the form of a new patient, with what was typed."""
        fields = self.typed.fields()
        born = date_parts("birth_date", fields.pop("birth_date", None))
        values: dict[str, Any] = fields | {name: part for name, part in born.items() if part}
        return url_for("patients.new", **values)


def search_page(query: str, after: Any, filters: Mapping[str, Any]) -> str:
    """Return the page of those whom a search finds, which is recorded in one audit entry."""
    results = find(query, limit=PAGE, after=after, archived="archived" in filters)
    shown = [row.patient.id for row in results.rows] or [patient.id for patient, _ in results.partly]
    record_listing("patients", shown)
    page = Page(results.rows, results.next_key)
    return render_template(
        "patients/index.html",
        found=page,
        query=query,
        results=results,
        added=row_additions([row.patient for row in results.rows]),
        archived="archived" in filters,
        next_url=next_url(page, filters),
    )


def find(query: str, *, limit: int, after: Any, archived: bool) -> Results:
    """Search for patients, and for those who match in part if nobody matches."""
    terms = read_query(query)
    found = patient_service.find_matches(query, limit=limit, after=after, archived=archived, recent_first=True)
    rows = _rows(found, terms)
    partly = [] if rows or after else _partly(terms)
    return Results(query, rows, found.next_key, typed_of(query, current_reading()), partly)


def _rows(found: Page[Match], terms: Sequence[Term]) -> list[FoundRow]:
    merged = patient_service.merged_into([match.patient for match in found.rows])
    return [
        FoundRow(
            patient=match.patient,
            family_name=segments_of(match.patient.family_name or "", terms),
            given_name=segments_of(match.patient.given_name or "", terms),
            reasons=reasons_of(terms, _shown(match.patient), _hidden(match.patient, merged.get(match.patient.id, ()))),
            almost=match.almost,
        )
        for match in found.rows
    ]


def _shown(patient: Patient) -> SearchableTexts:
    """Return the texts that a list shows of a patient."""
    return SearchableTexts(
        family_name=patient.family_name,
        given_name=patient.given_name,
        numbers=(patient.mrn,),
        birth_dates=(patient.birth_date,) if patient.birth_date else (),
        phones=(patient.phone,) if patient.phone else (),
    )


def _hidden(patient: Patient, merged: Sequence[Patient]) -> list[tuple[str, str, SearchableTexts]]:
    """Return the other texts by which a patient is found, each with its label."""
    found = [("called", patient.preferred_name, SearchableTexts(names=(patient.preferred_name or "",)))]
    for former in patient.former_names:
        name = " ".join(part for part in (former.given_name, former.family_name) if part)
        label = f"until {former.until[:4]}" if former.until else "before"
        found.append((label, name, SearchableTexts(names=(name,))))
    for other in merged:
        names = [other.family_name, other.given_name, other.preferred_name]
        names += [name for one in other.former_names for name in (one.family_name, one.given_name)]
        texts = SearchableTexts(names=tuple(name for name in names if name), numbers=(other.mrn,))
        found.append((f"merged {other.mrn}", " ".join(dict.fromkeys(filter(None, names))), texts))
    for one in patient.identifiers:
        found.append(("identifier", one.value, SearchableTexts(identifiers=(one.value or "",))))
    if current_actor().has_permission("patients:contact"):
        found += [("phone", phone, SearchableTexts(phones=(phone,))) for phone in patient.phones[1:]]
        found += [("email", email, SearchableTexts(emails=(email,))) for email in patient.emails]
    return [(label, text, texts) for label, text, texts in found if text]


def _partly(terms: Sequence[Term]) -> list[tuple[Patient, str]]:
    """Return patients who match all terms but one, and what of them matches."""
    found: dict[Any, tuple[Patient, str]] = {}
    for position, left_out in enumerate(terms[:_PARTS] if len(terms) > 1 else ()):
        others = [*terms[:position], *terms[position + 1 :]]
        for match in patient_service.find_by_terms(others, limit=_PARTS).rows:
            text = f"matches “{' '.join(term.text for term in others)}”, not “{left_out.text}”"
            found.setdefault(match.patient.id, (match.patient, text))
    return [*found.values()][: 2 * _PARTS]
