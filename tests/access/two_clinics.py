"""Two clinics: one's own, and another of which nobody here may hear."""

from dataclasses import dataclass, field
from uuid import UUID

from flask import Flask

from clinic.core.tenancy import clinic_scope
from tests.access.canaries import Canaries
from tests.access.records import ARGUMENTS, IN_THE_STATE, Argument
from tests.access.routes import Route


class Unfilled(AssertionError):
    """Nobody has said how a route is to be asked."""


@dataclass
class World:
    """An application with its own clinic, which gets records as they are needed, and the clinic of the canaries."""

    app: Flask
    clinic_id: UUID
    canaries: Canaries
    lasting: dict[str, str] = field(default_factory=dict)

    def own(self, name: str, endpoint: str = "") -> str:
        """Make what fills an argument, in the state that an endpoint needs; return its id."""
        make = IN_THE_STATE.get(endpoint) or argument(name).own
        with self.app.app_context(), clinic_scope(self.clinic_id):
            return str(make())

    def lasting_own(self, name: str, endpoint: str = "") -> str:
        """Return what fills an argument of routes that only look, or that do nothing but refuse."""
        kept_as = endpoint if endpoint in IN_THE_STATE else name
        if kept_as not in self.lasting:
            self.lasting[kept_as] = self.own(name, endpoint)
        return self.lasting[kept_as]

    def foreign(self, name: str) -> str | None:
        """Return what the other clinic has for an argument, None for what is of no clinic."""
        wanted = argument(name)
        return str(self.canaries.ids[wanted.table]) if wanted.table else wanted.theirs


class Mixed:
    """Ids of one's own, made once for each argument and kept."""

    def __init__(self, world: World, ids: dict[str, str] | None = None) -> None:
        self.world, self.ids = world, ids or {}

    def __call__(self, name: str, endpoint: str = "") -> str:
        """Return an id for an argument."""
        if name not in self.ids:
            self.ids[name] = self.world.own(name, endpoint)
        return self.ids[name]

    def but(self, name: str, instead: str) -> "Mixed":
        """Return the same ids but for one argument."""
        return Mixed(self.world, self.ids | {name: instead})


def lasting_ids(world: World, route: Route) -> dict[str, str]:
    """Return what fills a route that changes nothing, from one's own clinic."""
    return {name: world.lasting_own(name) for name in route.arguments}


def argument(name: str) -> Argument:
    """Return how an argument is filled.

    :raises Unfilled: if nobody has said so
    """
    if name not in ARGUMENTS:
        raise Unfilled(f"say in tests/access/records.py what <{name}> in a route stands for")
    return ARGUMENTS[name]
