"""Fields full of nonsense: what takes more than its share of time for long text is not done to it."""

import unicodedata
from collections.abc import Iterable, Mapping
from itertools import cycle
from typing import Any

import pytest

from tests.access.callers import Caller, body_for
from tests.access.routes import Route, routes_of
from tests.access.two_clinics import World
from tests.databases import on_one_database

pytestmark = [pytest.mark.slow, on_one_database]

LONGEST_NORMALISED = 5000
"""Characters: normalising marks that stand in the wrong order takes time with the square of their number."""

NONSENSE = ["a" + "\u0301\u0316" * 30_000, "a" * 100_000 + "!", "a@" * 50_000, "1-" * 50_000]


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
    caller = Caller(world, "administrator")

    for route in (route for route in routes_of(world.app) if route.writes):
        body = body_for(route, world.own)
        _check(
            caller, route, body, normalised, ({field: text} for field, text in zip(body, cycle(NONSENSE), strict=False))
        )


@pytest.mark.row(51)
@pytest.mark.parametrize("part", [0, 1], ids=["one half", "the other half"])
def test_long_nonsense_in_all_fields_of_any_route_is_refused_unread(
    world: World, normalised: list[int], part: int
) -> None:
    caller = Caller(world, "administrator")

    for route in [route for route in routes_of(world.app) if route.writes][part::2]:
        body = body_for(route, world.own)
        _check(caller, route, body, normalised, (dict.fromkeys(body, text) for text in NONSENSE))


@pytest.mark.row(51)
def test_long_words_to_look_for_are_not_taken_apart(world: World, normalised: list[int]) -> None:
    caller = Caller(world, "administrator")

    answers = [
        caller.ask(Route("GET", rule, "", ()), {}, {}, query={"q": NONSENSE[0]})
        for rule in ("/patients", "/api/v1/patients")
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert max(normalised, default=0) <= LONGEST_NORMALISED


def _check(
    caller: Caller, route: Route, body: dict[str, Any], normalised: list[int], nonsense: Iterable[Mapping[str, str]]
) -> None:
    """Send bodies with nonsense in some fields, or in each part of them; check that it is refused unread.

    The same records are asked until something is done to them.
    """
    ids = caller.own_ids(route)
    for texts in nonsense:
        answer = caller.ask(route, ids, _with(body, texts))

        assert (route.key, *texts, answer.status_code < 500) == (route.key, *texts, True)
        assert (route.key, *texts, max(normalised, default=0) <= LONGEST_NORMALISED) == (route.key, *texts, True)
        if caller.changed:
            ids, body = caller.own_ids(route), body_for(route, caller.world.own)


def _with(body: dict[str, Any], nonsense: Mapping[str, str]) -> dict[str, Any]:
    instead = {
        field: dict.fromkeys(body[field], text) if isinstance(body[field], dict) else text
        for field, text in nonsense.items()
    }
    return body | instead
