"""Fields full of nonsense: what takes more than its share of time for long text is not done to it."""

import unicodedata
from collections.abc import Iterable, Mapping
from itertools import chain, cycle
from typing import Any
from urllib.parse import quote

import pytest

from clinic.notifications.writing.placeholders import MAX_TEXT
from clinic.web.request_guards import FORM
from tests.access.callers import Caller, filled
from tests.access.routes import Route, routes_of
from tests.access.two_clinics import World
from tests.databases import on_one_database

pytestmark = [pytest.mark.slow, on_one_database]

LONGEST_NORMALISED = 5000
"""Characters: normalising marks that stand in the wrong order takes time with the square of their number."""

LONGEST_READ = 4 * MAX_TEXT
"""Characters: the longest text that a field takes may be of so many before it is composed."""

KINDS = [("a", "\u0301\u0316", ""), ("", "a", "!"), ("", "a@", ""), ("", "1-", "")]
"""What nonsense begins with, what is repeated in it, and what it ends with: every field gets every kind."""


def nonsense(length: int) -> list[str]:
    """Return a text of each kind, of about so many characters."""
    return [first + repeated * (length // len(repeated)) + last for first, repeated, last in KINDS]


class Verbatim(Caller):
    """A caller whose forms arrive with letters and marks as they are, as it takes long to decode so many escapes."""

    def _sent_with(self, route: Route, body: Mapping[str, Any]) -> dict[str, Any]:
        options = super()._sent_with(route, body)
        if "data" in options:
            pairs = (f"{name}={_escaped(text)}" for name, text in options["data"].items())
            options |= {"data": "&".join(pairs).encode(), "content_type": FORM}
        return options


@pytest.fixture
def normalised(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How long the texts are that are normalised."""
    lengths: list[int] = []
    normalize = unicodedata.normalize

    def note(form: Any, text: str) -> str:
        lengths.append(len(text))
        return normalize(form, text[:LONGEST_NORMALISED])

    monkeypatch.setattr(unicodedata, "normalize", note)
    return lengths


@pytest.mark.row(51)
def test_long_nonsense_in_any_field_of_any_route_is_refused_unread(world: World, normalised: list[int]) -> None:
    caller = Verbatim(world, "administrator")
    long, short = nonsense(60_000), nonsense(LONGEST_READ + 100)  # so short that no form with many fields is too large

    for route in routes_of(world.app):
        if body := filled(world, route)[1]:
            alone = ({field: text} for field, text in zip(body, cycle(long), strict=False))
            together = (dict(zip(body, cycle(short[kind:] + short[:kind]), strict=False)) for kind in (1, 2, 3))
            _check(caller, route, normalised, chain(alone, together))


@pytest.mark.row(51)
def test_long_words_to_look_for_are_not_taken_apart(world: World, normalised: list[int]) -> None:
    caller = Caller(world, "administrator")

    answers = [
        caller.ask(Route("GET", rule, "", ()), {}, {}, query={"q": nonsense(60_000)[0]})
        for rule in ("/patients", "/api/v1/patients")
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert max(normalised, default=0) <= LONGEST_NORMALISED


def _check(caller: Caller, route: Route, normalised: list[int], nonsense: Iterable[Mapping[str, str]]) -> None:
    """Send bodies with nonsense in some fields, or in each part of them; check that it is refused field by field.

    All routes are asked for the same records until something is done to one of them.
    """
    ids, body = filled(caller.world, route)
    for texts in nonsense:
        answer = caller.ask(route, ids, _with(body, texts))

        assert (route.key, *texts, answer.status_code < 500) == (route.key, *texts, True)
        assert (route.key, *texts, answer.status_code) != (route.key, *texts, 413)
        assert (route.key, *texts, max(normalised, default=0)) <= (route.key, *texts, LONGEST_NORMALISED)
        if caller.changed:
            caller.world.lasting.clear()
            ids, body = filled(caller.world, route)


def _escaped(text: str) -> str:
    """Return a text as a form holds it, with nothing escaped but what has a meaning there."""
    for sign in "%&+= \r\n":
        text = text.replace(sign, quote(sign))
    return text


def _with(body: dict[str, Any], nonsense: Mapping[str, str]) -> dict[str, Any]:
    instead = {
        field: dict.fromkeys(body[field], text) if isinstance(body[field], dict) else text
        for field, text in nonsense.items()
    }
    return body | instead
