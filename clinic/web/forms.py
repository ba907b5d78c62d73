"""Forms of pages: values as typed, errors by field, and where a form is shown again.

One rule holds for every address that a page posts to: GET of it answers too, so that reloading never meets a 405.
An address that takes a form answers GET with that form; the view catches the errors that its own form can mend and
returns the form again (`refuse`). An address that only a button posts to redirects GET to the page with the button
(`posted_from`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import Schema, ValidationError, fields
from werkzeug.datastructures import MultiDict

from clinic.core.errors import ClinicError, InvalidInput, NotFound
from clinic.core.text import tidy_line
from clinic.identity.models import SavedForm
from clinic.web.error_info import clinic_error_info
from clinic.web.idempotency import form_problem, new_form_key, sent_key
from clinic.web.problem_details import flattened
from clinic.web.saved_forms import HIDDEN_FIELDS, resumed_form

_PARTS = ("year", "month", "day")
_LONGEST_PART = 100
"""Characters of a year, month or day: normalising marks takes time with the square of their number."""

_LONGEST_REPEATED = 2000
"""Characters of a value that was never validated, when its form is shown again."""

View = Callable[..., ResponseReturnValue]


@dataclass
class Form:
    """A form as a page shows it: values as typed, errors in the order of its fields, the version it was made from.

    Its `key` is sent with it, so that the same form sent twice is carried out once. `places` name the part of the page
    of some fields, like `Line 3`, for the list of all errors.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    order: Iterable[str] = ()
    ticked: Mapping[str, Sequence[str]] = field(default_factory=dict)
    version: int | None = None
    saved: SavedForm | None = None
    key: str = field(default_factory=new_form_key)
    places: Mapping[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str:
        """Return what was typed into a field; a part of a date, `x.day`, is found in a whole `x` as well."""
        whole, _, part = name.rpartition(".")
        if name not in self.values and part in _PARTS and whole in self.values:
            return date_parts(whole, self.values[whole])[name]
        return self.values.get(name, "")

    def chosen(self, name: str) -> Sequence[str]:
        """Return what was ticked of a field that takes several values."""
        return self.ticked.get(name, ())

    def error(self, name: str) -> str | None:
        """Return the first error of a field."""
        return self.errors.get(name, [None])[0]

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Every field with an error and its first message, in page order."""
        known = [*self.order, *(name for name in self.errors if name not in set(self.order))]
        found = [(name, message) for name in known for message in self.errors.get(name, [])[:1]]
        return [(name, self._at_place(name, message)) for name, message in found]

    def _at_place(self, name: str, message: str) -> str:
        place = self.places.get(name)
        return f"{place}: {message[:1].lower()}{message[1:]}" if place else message

    def reject(self, error: ClinicError, name: str = "") -> "Form":
        """Add the error of a service; one that names no field of its own belongs to `name`, or to the whole form."""
        problems = error.problems if isinstance(error, InvalidInput) else {name: [error.message]}
        for place, message in _flat(problems):
            self.errors.setdefault(place, []).append(message)
        return self


def initial_form(
    values: Mapping[str, str] | None = None,
    *,
    ticked: Mapping[str, Sequence[str]] | None = None,
    version: int | None = None,
) -> Form:
    """Return the form of a GET: with these values, or as typed if this request resumes a saved form."""
    saved = resumed_form()
    if saved is None:
        return Form(values or {}, ticked=ticked or {}, version=version)
    typed = MultiDict(saved.fields)
    several = {name: " ".join(typed.getlist(name)).split() for name in typed}
    form = Form(typed.to_dict(), ticked=several, version=_version(typed.get("version", "")), saved=saved)
    form.key = typed.get("key", form.key)
    return form


def load_form(schema: Schema, **given: Any) -> Form:
    """Read the sent form with a schema; a birth date may come in three parts `x.day`, `x.month`, `x.year`.

    Of a field that takes several values, one sent value may name more than one of them, separated by spaces. A list of
    objects is not one of these: its schema gathers it from the fields of its rows.
    """
    typed = {name: value for name, value in request.form.items() if name not in HIDDEN_FIELDS}
    several = [name for name, one in schema.fields.items() if _takes_several(one)]
    ticked = {name: " ".join(request.form.getlist(name)).split() for name in several}
    form = Form(typed, order=list(schema.fields), ticked=ticked, version=sent_version())
    try:
        form.data = schema.load(with_dates(typed) | ticked | given)
    except ValidationError as error:
        form.errors = _by_field(error)
    return _with_sent_key(form)


def repeat_form(*names: str) -> Form:
    """Return the sent form with only the named values: passwords and codes are typed anew."""
    return _with_sent_key(Form({name: request.form.get(name, "")[:_LONGEST_REPEATED] for name in names}))


def refuse(page: str, error: ClinicError) -> ResponseReturnValue:
    """Return a form's page with the status and headers of the error that it shows; an unknown record is bad input."""
    info = clinic_error_info(error)
    status = 422 if isinstance(error, NotFound) else info.status
    return page, status, list(info.headers)


def posted_from(endpoint: str, *arguments: str) -> Callable[[View], View]:
    """Redirect GET of a button's address to the page with the button; both take the named arguments.

    Its view takes GET and POST.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(**given: Any) -> ResponseReturnValue:
            if request.method == "POST":
                return view(**given)
            return redirect(url_for(endpoint, **{name: given[name] for name in arguments}))

        return answer

    return decorate


def sent_version(name: str = "version") -> int:
    """Return the version of the record that the sent form was made from; -1, which no record has, for invalid input.

    A form that was made from two records sends the second version in a field of another name.
    """
    return _version(request.form.get(name, ""))


def with_dates(typed: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields with each three-part date joined: `2026-03-27`, `2026-03`, `2026` or nothing."""
    parts = {name for name in typed if name.endswith(tuple(f".{part}" for part in _PARTS))}
    found: dict[str, Any] = {name: value for name, value in typed.items() if name not in parts}
    for name in {part.rpartition(".")[0] for part in parts}:
        found[name] = _joined(*(_tidy_part(typed.get(f"{name}.{part}", "")) for part in _PARTS))
    return found


def date_parts(name: str, value: str | None) -> dict[str, str]:
    """Return a date's three parts as a form shows them."""
    texts = [*(value or "").split("-"), "", ""][:3]
    return {f"{name}.{part}": text.lstrip("0") for part, text in zip(_PARTS, texts, strict=True)}


def _takes_several(field: Any) -> bool:
    """Return whether a field of a schema is a list of plain values."""
    return isinstance(field, fields.List) and not isinstance(field.inner, fields.Nested)


def _with_sent_key(form: Form) -> Form:
    """Return a sent form with its key; with a new one and an error if it may not be carried out with its own."""
    if problem := form_problem():
        form.errors[""] = [problem, *form.errors.get("", [])]
    elif key := sent_key():
        form.key = key
    return form


def _tidy_part(typed: str) -> str:
    """Return a part of a date without marks; of a text that is too long to be one, its beginning as typed."""
    return tidy_line(typed) if len(typed) <= _LONGEST_PART else typed[:_LONGEST_PART]


def _joined(year: str, month: str, day: str) -> str:
    if not (year or month or day):
        return ""
    written = [year] + [part.zfill(2) for part in ((month, day) if day else (month,)) if part or day]
    return "-".join(written)


def _version(sent: str) -> int:
    return int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 10 else -1  # noqa: PLR2004


def _by_field(error: ValidationError) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, message in _flat(error.messages):
        found.setdefault(name, []).append(message)
    return found


def _flat(messages: Any) -> Iterator[tuple[str, str]]:
    """Return every message of a nested mapping with the name of its field, like `lines-0-price`."""
    for pointer, message in flattened(messages):
        yield (pointer.removeprefix("#/").replace("/", "-") if pointer != "#" else ""), message
