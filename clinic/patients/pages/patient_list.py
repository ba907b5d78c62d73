"""The page of all patients: filters, order, total, and what the modules know about the shown ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template, url_for

from clinic.audit.service import audit_service
from clinic.core.audit import record_listing
from clinic.core.context import current_actor
from clinic.core.modules import list_filters
from clinic.patients.lists import CONSENTS, LIST, MOST_COUNTED, STATUSES
from clinic.patients.pages.row_additions import row_additions
from clinic.patients.schemas.patient_list import MODULE_FILTERS, list_options
from clinic.patients.service import Patient, patient_service
from clinic.web.cursors import write_cursor
from clinic.web.list_views import cursor_scope

PAGE = 20
RECENT = 5
DEFAULT_SORT = "name"


@dataclass(frozen=True)
class FilterField:
    """A filter as a select: its choices as pairs of value and label, and the chosen value."""

    name: str
    label: str
    choices: Sequence[tuple[str, str]]
    value: str


def list_page(filters: Mapping[str, Any], after: tuple[Any, ...] | None) -> str:
    """Return a page of the list of patients, which is recorded in one audit entry with those opened last."""
    options, sort = list_options(filters), filters.get("sort") or DEFAULT_SORT
    found = patient_service.list(**options, sort=sort, limit=PAGE, after=after)
    is_filtered = any(value for name, value in filters.items() if name != "sort")
    recent = _recent() if not is_filtered and after is None else []
    page = render_template(
        "patients/index.html",
        found=found,
        query=None,
        total=patient_service.count(**options),
        most_counted=MOST_COUNTED,
        heading=_heading(filters),
        fields=_fields(filters),
        is_filtered=is_filtered,
        recent=recent,
        sort=sort,
        sort_urls=_sort_urls(filters, sort),
        added=row_additions(found.rows),
        next_url=_page_url(found.next_key, filters),
        previous_url=_page_url(found.previous_key, filters),
    )
    record_listing("patients", [patient.id for patient in (*found.rows, *recent)])
    return page


def _recent() -> Sequence[Patient]:
    """Return the patients whose records the current actor opened last, the latest first."""
    ids = audit_service.viewed_last("patients", current_actor().actor, limit=RECENT)
    patients = patient_service.get_many(ids) if ids else {}
    return [patients[id_] for id_ in ids if id_ in patients]


def _heading(filters: Mapping[str, Any]) -> str:
    """Return what the chosen filters have in common, in words."""
    known = list_filters(LIST)
    words = [known[name].choices[filters[name]][1] for name in MODULE_FILTERS if filters.get(name)]
    if consent := filters.get("consent"):
        words.append(CONSENTS[consent][1])
    status = [filters["status"]] if filters.get("status") in {"archived", "deceased"} else []
    return " ".join([*status, "patients", *words])


def _fields(filters: Mapping[str, Any]) -> Sequence[FilterField]:
    """Return the filters that the current actor may use, those of the modules first."""
    own = [
        FilterField("consent", "Consent", [("", "Any"), *((one, texts[0]) for one, texts in CONSENTS.items())], ""),
        FilterField("status", "Record", list(STATUSES.items()), ""),
    ]
    added = [
        FilterField(
            one.name, one.label, [("", one.unset), *((key, texts[0]) for key, texts in one.choices.items())], ""
        )
        for one in list_filters(LIST).values()
        if current_actor().has_permission(one.permission)
    ]
    return [FilterField(one.name, one.label, one.choices, filters.get(one.name) or "") for one in (*added, *own)]


def _sort_urls(filters: Mapping[str, Any], sort: str) -> Mapping[str, tuple[str, str]]:
    """Return for each column that has an order the value of `aria-sort`, and the URL that sorts by it or reverses."""
    urls = {}
    for name in ("name", "number", "registered"):
        is_current = sort.removeprefix("-") == name
        state = "none" if not is_current else "descending" if sort.startswith("-") else "ascending"
        order = f"-{name}" if state == "ascending" else name
        urls[name] = (state, url_for(".index", **{**filters, "sort": order}))
    return urls


def _page_url(key: tuple[Any, ...] | None, filters: Mapping[str, Any]) -> str | None:
    cursor = write_cursor(key, *cursor_scope(filters))
    return url_for(".index", **filters, cursor=cursor) if cursor else None
