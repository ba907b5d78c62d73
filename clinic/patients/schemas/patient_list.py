"""The query parameters of lists of patients, for JSON, pages and commands."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError

from clinic.core.modules import list_filters
from clinic.patients.lists import BY_UPDATE, CONSENTS, LIST, NEWEST, SORTS, STATUSES, PatientFilters
from clinic.patients.schemas.search import PatientSearchQuery
from clinic.web.fields import Choice, Line, Timestamp
from clinic.web.json_api import SearchQuery

MODULE_FILTERS = ("balance", "no_visit")
"""The filters that modules add to the list; what they mean is theirs."""

ORDERS = [sign + name for name in SORTS for sign in ("", "-")]


class ModuleFilter(Line):
    """A value of a filter that a module adds to the list; an empty one is none."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        choices = list_filters(LIST)[attr or ""].choices
        if text and text not in choices:
            raise ValidationError(f"Choose one of: {', '.join(choices)}")
        return text or None


class PatientFilterSchema(Schema):
    """Filters of a list of patients."""

    status = Choice(*STATUSES, metadata={"description": "archived patients are left out unless asked for"})
    balance = ModuleFilter(metadata={"description": "`due`: with something to pay"})
    no_visit = ModuleFilter(metadata={"description": "without a visit in the last 6, 12 or 24 months"})
    consent = Choice(*CONSENTS)
    sort = Choice(*ORDERS, what="an order")


class PatientPageQuery(PatientSearchQuery, PatientFilterSchema):
    """Query parameters of the page of patients."""


class PatientQuery(SearchQuery, PatientFilterSchema):
    """Query parameters of the list of patients; `q` goes with none but `limit` and `cursor`."""

    updated_since = Timestamp(
        metadata={"description": "changed since then, the archived too, ordered by the change unless `sort` is given"}
    )


def list_options(filters: Mapping[str, Any]) -> PatientFilters:
    """Return the filters of a query as the service takes them; changed patients are all, also the archived."""
    since = filters.get("updated_since")
    status = filters.get("status") or ("all" if since else None)
    modules = {name: filters[name] for name in MODULE_FILTERS if filters.get(name)}
    return {"status": status, "consent": filters.get("consent"), "updated_since": since, "modules": modules}


def sort_of(filters: Mapping[str, Any]) -> str:
    """Return the order of a query: by default the newest first, and changed patients by the change."""
    return filters.get("sort") or (BY_UPDATE if filters.get("updated_since") else NEWEST)
