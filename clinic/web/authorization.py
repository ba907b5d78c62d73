"""Authorization of requests: each view declares in one place who may call it; a view without a declaration is an error.

An application with an undeclared view does not start.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from flask import Flask, current_app, g, redirect, request
from flask.typing import ResponseReturnValue
from flask_login import login_url
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from clinic.core.context import current_actor, set_actor
from clinic.core.errors import PermissionDenied, ReadOnlyPreview
from clinic.core.tenancy import set_current_clinic
from clinic.identity.members import member_service
from clinic.identity.roles import permission_label
from clinic.web.authentication import Principal, authenticate, current_session, login_manager
from clinic.web.saved_forms import save_form

View = TypeVar("View", bound=Callable[..., Any])

_DECLARED = "access"
_PUBLIC_ENDPOINTS = {"static", "styles"}
"""Needed by every page, also by the one that reports that the database is unavailable."""

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class UndeclaredRoute(RuntimeError):
    """A view does not declare who may call it."""


@dataclass(frozen=True)
class Access:
    """Who may call a view: everybody, everybody who has signed in, or those with a permission.

    A view that does not `renew` is called by scripts in the background and does not extend the session; a view
    that `allows_incomplete_login` is also open to people whose login is incomplete.
    """

    public: bool = False
    permission: str | None = None
    renews: bool = True
    allows_incomplete_login: bool = False


def public(view: View) -> View:
    """Allow everybody to call a view."""
    return _declare(view, Access(public=True))


def login_required(view: View) -> View:
    """Allow everybody who has signed in to call a view."""
    return _declare(view, Access())


def background_view(view: View) -> View:
    """Allow scripts on the pages of people who have signed in to call a view, without extending the session."""
    return _declare(view, Access(renews=False))


def incomplete_login_allowed(view: View) -> View:
    """Allow everybody who has signed in to call a view, even if the login is incomplete."""
    return _declare(view, Access(allows_incomplete_login=True))


def requires(permission: str, *, renews: bool = True) -> Callable[[View], View]:
    """Allow those who have a permission to call a view."""
    return lambda view: _declare(view, Access(permission=permission, renews=renews))


def access_to(app: Flask, endpoint: str) -> Access:
    """Return who may call an endpoint.

    :raises UndeclaredRoute: if its view does not declare it
    """
    if endpoint in _PUBLIC_ENDPOINTS:
        return Access(public=True)
    declared: Access | None = getattr(app.view_functions[endpoint], _DECLARED, None)
    if declared is None:
        raise UndeclaredRoute(f"{endpoint} does not declare who may call it: use @requires, @login_required or @public")
    return declared


def authorize_request(*, api: bool) -> ResponseReturnValue | None:
    """Authenticate the caller and make them the current actor; return a response if they may not call this view.

    :raises PermissionDenied: if they lack the permission of the view
    :raises ReadOnlyPreview: if they preview another role and the view changes something
    """
    if request.endpoint in _PUBLIC_ENDPOINTS:
        return None
    access = access_to(current_app, request.endpoint) if request.endpoint else Access(public=True)
    principal = authenticate(api=api, renew=access.renews and "X-Background" not in request.headers)
    _set_principal(principal)
    if access.public:
        return None
    if principal is None:
        return unauthenticated(access, api=api)
    if principal.next_step and not access.allows_incomplete_login:
        return continue_login(principal.next_step)
    if access.permission:
        _check_permission(access.permission, principal, api=api)
    return None


def unauthenticated(access: Access, *, api: bool) -> ResponseReturnValue:
    """Redirect to the login view, after saving a form that was sent too late; ask for a key in the API (RFC 6750).

    A form is worth saving if it changes the clinic's records, not if it only changes one's own account.
    """
    if api:
        raise Unauthorized(
            "Send an API key: Authorization: Bearer clk_…",
            www_authenticate=WWWAuthenticate("bearer", {"realm": "clinic"}),
        )
    if request.method == "POST" and access.permission is not None:
        save_form()
    redirection: ResponseReturnValue = login_manager.unauthorized()
    return redirection


def continue_login(next_step: str) -> ResponseReturnValue:
    """Redirect to the step that is missing for the login to be complete."""
    return redirect(login_url(next_step, next_url=request.url))


def authenticate_error_page() -> None:
    """Authenticate the caller for the page of an error that came before authorization; the session is not renewed."""
    if "principal" not in g and request.endpoint not in _PUBLIC_ENDPOINTS:
        _set_principal(authenticate(api=False, renew=False))


def _set_principal(principal: Principal | None) -> None:
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


def _check_permission(permission: str, principal: Principal, *, api: bool) -> None:
    if permission not in principal.permissions:
        details = {"scope": permission} if api else _denial_details(permission)
        raise PermissionDenied(permission, details=details)
    if principal.read_only and request.method not in _SAFE_METHODS:
        raise ReadOnlyPreview


def _denial_details(permission: str) -> Mapping[str, Any]:
    """Return the label of the missing permission, the current role, and who can grant it."""
    session = current_session()
    return {
        "permission_label": permission_label(permission),
        "role_label": session.seen_as_label or session.role_label,
        "granted_by": [membership.name for membership in member_service.administrators()],
    }


def _declare(view: View, access: Access) -> View:
    setattr(view, _DECLARED, access)
    return view
