"""Fields full of nonsense: what takes more than its share of time for long text is not done to it."""

import unicodedata
from typing import Any

import pytest

from tests.access.callers import Caller, body_for
from tests.access.routes import Route, routes_of
from tests.access.two_clinics import World

pytestmark = pytest.mark.slow

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


@pytest.mark.breadth
@pytest.mark.row(51)
@pytest.mark.parametrize("nonsense", NONSENSE, ids=["marks", "letters", "addresses", "numbers"])
def test_long_nonsense_in_any_field_of_any_route_is_refused_unread(
    world: World, normalised: list[int], nonsense: str
) -> None:
    caller = Caller(world, "administrator")

    for route in routes_of(world.app):
        for field in body_for(route, world.own) if route.writes else ():
            answer = caller.ask(route, caller.own_ids(route), _with(route, world, field, nonsense))

            assert (route.key, field, answer.status_code < 500) == (route.key, field, True)
            assert (route.key, field, max(normalised, default=0) <= LONGEST_NORMALISED) == (route.key, field, True)


@pytest.mark.row(51)
def test_long_words_to_look_for_are_not_taken_apart(world: World, normalised: list[int]) -> None:
    caller = Caller(world, "administrator")

    answers = [
        caller.ask(Route("GET", rule, "", ()), {}, {}, query={"q": NONSENSE[0]})
        for rule in ("/patients", "/api/v1/patients")
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert max(normalised, default=0) <= LONGEST_NORMALISED


def _with(route: Route, world: World, field: str, nonsense: str) -> dict[str, Any]:
    """Return the body of a route with nonsense in a field, or in each part of it."""
    body = body_for(route, world.own)
    value = body[field]
    return {**body, field: dict.fromkeys(value, nonsense) if isinstance(value, dict) else nonsense}
