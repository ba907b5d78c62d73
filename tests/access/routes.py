"""The routes of the program: every method of every address."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask
from werkzeug.routing import Rule

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE")
SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}

WITHOUT_A_VIEW = {"HEAD", "OPTIONS"}
"""Methods without a view of their own: the one of GET answers HEAD, and none answers OPTIONS."""


@dataclass(frozen=True)
class Route:
    """One method of one address, and the view that answers it, if one does."""

    method: str
    rule: str
    endpoint: str
    arguments: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str]:
        """The name of the route in the matrix."""
        return self.rule, self.method

    @property
    def is_api(self) -> bool:
        """Whether programs ask it, with a key."""
        return self.rule.startswith("/api/")

    @property
    def writes(self) -> bool:
        """Whether a body is sent to it."""
        return self.method not in SAFE and bool(self.endpoint)


def routes_of(app: Flask) -> list[Route]:
    """Return every method of every address that a view answers, by address."""
    found = {route.key: route for rule in app.url_map.iter_rules() for route in _routes_of_rule(rule)}
    return [found[key] for key in sorted(found, key=lambda key: (key[0], METHODS.index(key[1])))]


def refused_by(app: Flask) -> list[Route]:
    """Return every method of every address that has no view of its own."""
    known = {route.key for route in routes_of(app)}
    rules = {rule.rule: _arguments(rule) for rule in app.url_map.iter_rules()}
    asked = [Route(method, rule, "", arguments) for rule, arguments in rules.items() for method in METHODS]
    return [route for route in asked if route.key not in known]


def _routes_of_rule(rule: Rule) -> Iterator[Route]:
    return (Route(method, rule.rule, rule.endpoint, _arguments(rule)) for method in rule.methods or ())


def _arguments(rule: Rule) -> tuple[str, ...]:
    return tuple(sorted(rule.arguments))


GUARDED_TWICE = {
    "/appointments/practitioners/link/<uuid:membership_id>": ("GET", "POST"),
    "/appointments/<uuid:appointment_id>/edit": ("GET", "POST"),
    "/patients/<uuid:patient_id>/use-contact": ("POST",),
    "/messages/<uuid:notification_id>/letter.pdf": ("GET",),
    "/invoices/unbilled": ("GET", "POST"),
    "/api/v1/unbilled-visits": ("GET",),
    "/api/v1/unbilled-visits/invoice": ("POST",),
}
"""Addresses that ask for a second permission themselves: on the staff, on notes, on contact details, on visits."""
