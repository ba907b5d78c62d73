"""How a form reads that was sent: which act on which record, and what was typed, in the words of its page."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, current_app, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from clinic.core.context import current_actor
from clinic.core.errors import ClinicError
from clinic.web.authorization import access_to
from clinic.web.forms import with_dates

View = TypeVar("View", bound=Callable[..., Any])
Typed = MultiDict[str, str]
Rows = Iterable[tuple[str, str]]

_WORDED = "wording"


@dataclass(frozen=True)
class Record:
    """A record by its number or name, with the address of its page for those who may open it."""

    name: str
    url: str | None = None


@dataclass(frozen=True)
class FormSummary:
    """How the form of a view reads: an act, `about` which record after which word, and `rows` of what was typed."""

    act: str
    rows: Callable[[Typed], Rows] | None = None
    about: tuple[str, Callable[..., Record]] | None = None


@dataclass(frozen=True)
class SentForm:
    """A form that was sent, as people read it."""

    act: str
    record: Record | None
    rows: Sequence[tuple[str, str]]


def form_summary(
    act: str,
    rows: Callable[[Typed], Rows] | None = None,
    *,
    about: tuple[str, Callable[..., Record]] | None = None,
) -> Callable[[View], View]:
    """Say how the form of a view reads; `about` finds the record by what was typed and by the view’s arguments."""

    def declare(view: View) -> View:
        setattr(view, _WORDED, FormSummary(act, rows, about))
        return view

    return declare


def wording_of(app: Flask, endpoint: str) -> FormSummary | None:
    """Return how the form of an endpoint reads, if it says so."""
    return getattr(app.view_functions[endpoint], _WORDED, None)


def labelled_rows(labels: Mapping[str, str], **ways: Callable[[str], object]) -> Callable[[Typed], Rows]:
    """Return how to read the fields that have labels, in their order; some have a way to say their values."""

    def read(typed: Typed) -> Rows:
        whole = with_dates(typed.to_dict(), only=labels)
        for name, label in labels.items():
            values = typed.getlist(name) or [whole.get(name, "")]
            yield label, "; ".join(_said(value, ways.get(name)) for value in values if value)

    return read


def record_at(name: str, endpoint: str, **values: Any) -> Record:
    """Return a record with the address of its page, if one may open it."""
    permission = access_to(current_app, endpoint).permission
    is_open = permission is None or current_actor().has_permission(permission)
    return Record(name, url_for(endpoint, **values) if is_open else None)


def read_form(address: str, fields: Iterable[tuple[str, str]]) -> SentForm:
    """Return a form that was sent to an address as people read it."""
    try:
        endpoint, arguments = current_app.url_map.bind("").match(address, method="POST")
    except HTTPException:
        return SentForm("What you sent", None, [])
    wording, typed = wording_of(current_app, endpoint) or FormSummary("What you sent"), MultiDict(fields)
    rows = wording.rows(typed) if wording.rows else ()
    told = [row for row in rows if row[1]]
    try:
        return _about_record(wording, typed, arguments, told)
    except ClinicError:  # it is not here any more, or was none
        return SentForm(wording.act, None, told)


def _about_record(
    wording: FormSummary, typed: Typed, arguments: Mapping[str, Any], told: Sequence[tuple[str, str]]
) -> SentForm:
    if wording.about is None:
        return SentForm(wording.act, None, told)
    word, find = wording.about
    return SentForm(f"{wording.act} {word}", find(typed, **arguments), told)


def _said(value: str, way: Callable[[str], object] | None) -> str:
    """Return a value in words; as it was typed if there are none for it."""
    try:
        return str((way(value) if way else None) or value)
    except (ClinicError, ValueError):
        return value
