"""Who may call which route: each view declares it in one place, and what declares nothing does not start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar
from uuid import UUID

from flask import Flask, current_app, g, request
from flask.typing import ResponseReturnValue

from clinic.core.context import current_actor, set_actor
from clinic.core.errors import PermissionDenied, ReadOnlyPreview
from clinic.core.tenancy import set_current_clinic

View = TypeVar("View", bound=Callable[..., Any])

_GATES = "clinic.gates"
_DECLARED = "access"
_PUBLIC_ENDPOINTS = {"static", "styles"}
"""What every page needs, also one that says that the database is away."""

_LOOKING = {"GET", "HEAD", "OPTIONS"}


class UndeclaredRoute(RuntimeError):
    """A view does not say who may call it."""


@dataclass(frozen=True)
class Access:
    """Who may call a view: everybody, whoever has signed in, or who has a permission.

    A view that is not `renews` is called by programs in the background, and keeps no session alive.
    A view `on_the_way` is open also to those whose sign-in is not complete.
    """

    public: bool = False
    permission: str | None = None
    renews: bool = True
    on_the_way: bool = False


@dataclass(frozen=True)
class Principal:
    """Whoever calls, as far as a route needs to know; `next_step` is where a sign-in goes on that is not complete.

    Who `only_looks` may change nothing that needs a permission.
    """

    actor: str
    clinic_id: UUID
    permissions: frozenset[str]
    session_id: UUID | None = None
    key_id: UUID | None = None
    next_step: str | None = None
    only_looks: bool = False


class Gate(Protocol):
    """Recognises whoever calls, and turns away whom it does not know."""

    def recognise(self, *, renew: bool) -> Principal | None:
        """Return who calls, if that is known; `renew` counts the call as a use of the session."""

    def explain(self, permission: str) -> Mapping[str, Any]:
        """Return what to tell those who lack a permission."""

    def turn_away(self) -> ResponseReturnValue:
        """Answer somebody unknown who may not call."""

    def send_on(self, principal: Principal) -> ResponseReturnValue:
        """Answer somebody whose sign-in is not complete."""


def public(view: View) -> View:
    """Let everybody call a view."""
    return _declare(view, Access(public=True))


def signed_in(view: View) -> View:
    """Let whoever has signed in call a view."""
    return _declare(view, Access())


def looks_on(view: View) -> View:
    """Let pages of whoever has signed in call a view by themselves, which keeps no session alive."""
    return _declare(view, Access(renews=False))


def on_the_way(view: View) -> View:
    """Let whoever has signed in call a view, even while the sign-in is not complete."""
    return _declare(view, Access(on_the_way=True))


def requires(permission: str, *, renews: bool = True) -> Callable[[View], View]:
    """Let those call a view who have a permission."""
    return lambda view: _declare(view, Access(permission=permission, renews=renews))


def access_to(app: Flask, endpoint: str) -> Access:
    """Return who may call an endpoint.

    :raises UndeclaredRoute: if it does not say so
    """
    if endpoint in _PUBLIC_ENDPOINTS:
        return Access(public=True)
    declared: Access | None = getattr(app.view_functions[endpoint], _DECLARED, None)
    if declared is None:
        raise UndeclaredRoute(f"{endpoint} does not declare who may call it: use @requires, @signed_in or @public")
    return declared


def check_declared(app: Flask, permissions: frozenset[str]) -> None:
    """Make sure that every route declares who may call it, and by a permission that there is.

    :raises UndeclaredRoute: naming the first one that does not
    """
    for rule in app.url_map.iter_rules():
        permission = access_to(app, rule.endpoint).permission
        if permission is not None and permission not in permissions:
            raise UndeclaredRoute(f"{rule.endpoint} requires {permission}, which is no permission")


def keep_gates(app: Flask, *, pages: Gate, api: Gate) -> None:
    """Let these gates recognise who calls pages, and who calls the API."""
    app.extensions[_GATES] = {False: pages, True: api}


def pass_gate(*, api: bool) -> ResponseReturnValue | None:
    """Recognise who calls and act as them; return an answer instead if they may not call this."""
    if request.endpoint in _PUBLIC_ENDPOINTS:
        return None
    access = access_to(current_app, request.endpoint) if request.endpoint else Access(public=True)
    gate: Gate = current_app.extensions[_GATES][api]
    principal = gate.recognise(renew=access.renews and "X-Background" not in request.headers)
    _act_as(principal)
    if access.public:
        return None
    if principal is None:
        return gate.turn_away()
    if principal.next_step and not access.on_the_way:
        return gate.send_on(principal)
    if access.permission and access.permission not in principal.permissions:
        raise PermissionDenied(access.permission, details=gate.explain(access.permission))
    if access.permission and principal.only_looks and request.method not in _LOOKING:
        raise ReadOnlyPreview
    return None


def recognise_late() -> None:
    """Recognise who looks at the page of an error that came before the gate, for its frame: it renews no session.

    Nothing else is done for this request any more.
    """
    if "principal" not in g and request.endpoint not in _PUBLIC_ENDPOINTS:
        gate: Gate = current_app.extensions[_GATES][False]
        _act_as(gate.recognise(renew=False))


def principal_or_none() -> Principal | None:
    """Return who calls, if somebody was recognised."""
    found: Principal | None = g.get("principal")
    return found


def _act_as(principal: Principal | None) -> None:
    g.principal = principal
    if principal is None:
        set_actor(replace(current_actor(), permissions=frozenset()))
        return
    set_actor(
        replace(
            current_actor(),
            actor=principal.actor,
            session_id=principal.session_id,
            key_id=principal.key_id,
            permissions=principal.permissions,
        )
    )
    set_current_clinic(principal.clinic_id)


def _declare(view: View, access: Access) -> View:
    setattr(view, _DECLARED, access)
    return view
