"""Forms of pages: what was typed, what it means, and what is to be mended."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import request
from marshmallow import Schema, ValidationError

from clinic.core.errors import InvalidInput
from clinic.web.fields import Choices
from clinic.web.problem_details import flattened

NOT_FIELDS = {"csrf_token", "_clinic", "_kept", "version"}
_PARTS = ("year", "month", "day")


@dataclass
class Form:
    """A form as it is shown: values as typed, problems in the order of its fields."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    order: Iterable[str] = ()
    ticked: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def value(self, name: str) -> str:
        """Return what was typed into a field; a part of a date, `x.day`, is found in a whole `x` as well."""
        whole, _, part = name.rpartition(".")
        if name not in self.values and part in _PARTS and whole in self.values:
            return date_parts(whole, self.values[whole])[name]
        return self.values.get(name, "")

    def chosen(self, name: str) -> Sequence[str]:
        """Return what was ticked of a field that takes several."""
        return self.ticked.get(name, ())

    def error(self, name: str) -> str | None:
        """Return the first problem of a field."""
        return self.errors.get(name, [None])[0]

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Every field with a problem and what to do about it, in page order."""
        known = [*self.order, *(name for name in self.errors if name not in set(self.order))]
        return [(name, message) for name in known for message in self.errors.get(name, [])[:1]]

    def reject(self, error: InvalidInput) -> "Form":
        """Add what a service refused."""
        for name, messages in error.problems.items():
            self.errors.setdefault(name, []).extend(messages)
        return self


def load_form(schema: Schema, **given: Any) -> Form:
    """Read the sent form with a schema; a birth date may come in three parts `x.day`, `x.month`, `x.year`.

    Of a field that takes several, one value may name more than one of them, with spaces between.
    """
    typed = {name: value for name, value in request.form.items() if name not in NOT_FIELDS}
    several = [name for name, one in schema.fields.items() if isinstance(one, Choices)]
    ticked = {name: " ".join(request.form.getlist(name)).split() for name in several}
    form = Form(typed, order=list(schema.fields), ticked=ticked)
    try:
        form.data = schema.load(with_dates(typed) | ticked | given)
    except ValidationError as error:
        form.errors = _by_field(error)
    return form


def sent_version() -> int:
    """Return the version of the record that the form was made from; -1, which no record has, for nonsense."""
    sent = request.form.get("version", "")
    return int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 10 else -1  # noqa: PLR2004


def with_dates(typed: Mapping[str, str], only: Iterable[str] | None = None) -> dict[str, Any]:
    """Return the fields with each three-part date put together: `2026-03-27`, `2026-03`, `2026` or nothing."""
    parts = {name for name in typed if name.endswith(tuple(f".{part}" for part in _PARTS))}
    found: dict[str, Any] = {name: value for name, value in typed.items() if name not in parts}
    for name in {part.rpartition(".")[0] for part in parts}:
        found[name] = _put_together(*(typed.get(f"{name}.{part}", "").strip() for part in _PARTS))
    return found if only is None else {name: value for name, value in found.items() if name in set(only)}


def date_parts(name: str, value: str | None) -> dict[str, str]:
    """Return a date's three parts as a form shows them."""
    texts = [*(value or "").split("-"), "", ""][:3]
    return {f"{name}.{part}": text.lstrip("0") for part, text in zip(_PARTS, texts, strict=True)}


def _put_together(year: str, month: str, day: str) -> str:
    if not (year or month or day):
        return ""
    written = [year] + [part.zfill(2) for part in ((month, day) if day else (month,)) if part or day]
    return "-".join(written)


def _by_field(error: ValidationError) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pointer, message in flattened(error.messages):
        found.setdefault(pointer.removeprefix("#/").replace("/", "-") if pointer != "#" else "", []).append(message)
    return found
