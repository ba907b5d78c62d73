"""The timeline on the page of a patient: its entries, the filter by kind, and the way to older entries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for

from clinic.core.db.pagination import Page
from clinic.core.timeline import TimelineEntry, timeline_kinds
from clinic.core.timeline_sources import TimelineKind
from clinic.patients.schemas.timeline import TimelinePageQuery
from clinic.patients.service import Patient, patient_service
from clinic.web.list_views import next_url, parse_list_query

PAGE = 20
_ANCHOR = "#timeline"


@dataclass(frozen=True)
class TimelineCard:
    """What the page shows of a timeline.

    `kinds` are those that the actor may see with the number of their entries, None if they could not be counted;
    `older` is the number of entries after the shown ones, `older_shown` how many of them the next page shows.
    """

    entries: Sequence[TimelineEntry]
    kinds: Sequence[tuple[TimelineKind, int | None]]
    shown_kind: TimelineKind | None
    failed: Sequence[str]
    older: int | None
    older_shown: int
    older_url: str | None
    newest_url: str | None


def timeline_card(patient: Patient) -> TimelineCard:
    """Return the part of a patient's timeline that the request asks for, in two queries."""
    after: Any
    filters, after = parse_list_query(TimelinePageQuery(only=("show", "cursor")))
    kind: str | None = filters.get("show")
    found = patient_service.timeline(patient, kind=kind, limit=PAGE, after=after, counted=True, partial=True)
    kinds = timeline_kinds()
    older_url = next_url(Page(found.entries, found.next_key), filters)
    newest_url = url_for(".show", patient_id=patient.id, **filters, _anchor="timeline") if after else None
    return TimelineCard(
        found.entries,
        [(one, found.counts.get(one.name)) for one in kinds],
        next((one for one in kinds if one.name == kind), None),
        found.failed,
        found.older,
        PAGE if found.older is None else min(found.older, PAGE),
        older_url and older_url + _ANCHOR,
        newest_url,
    )
