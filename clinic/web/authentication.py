"""Authentication of requests: people by their login session, programs by their API key."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Flask, g, request, session
from flask_login import LoginManager, UserMixin, current_user

from clinic.identity.api_keys import api_key_service
from clinic.identity.models import LoginSession
from clinic.identity.roles import scope_permissions
from clinic.identity.sessions import Session, session_service

login_manager = LoginManager()
login_manager.login_view = "staff.sign_in"
login_manager.login_message = None
login_manager.session_protection = None


@dataclass(frozen=True)
class Principal:
    """The authenticated person or program, as far as authorization needs to know.

    `next_step` is the endpoint that completes an incomplete login; a `read_only` principal previews another role.
    """

    actor: str
    clinic_id: UUID
    permissions: frozenset[str]
    session_id: UUID | None = None
    key_id: UUID | None = None
    next_step: str | None = None
    read_only: bool = False


class User(UserMixin):
    """A person as Flask-Login knows them; its id is the token of the login session."""

    def __init__(self, token: str, session: Session | None = None) -> None:
        self.token = token
        self.session = session

    def get_id(self) -> str:
        """Return the token, which Flask-Login stores in the cookie."""
        return self.token


def init_app(app: Flask) -> None:
    """Set up Flask-Login, which keeps the token of the login session in the signed cookie."""
    login_manager.init_app(app)


def authenticate(*, api: bool, renew: bool) -> Principal | None:
    """Return the principal of this request, if it has one; `renew` counts the request as a use of the session."""
    if api:
        return _authenticate_key()
    g.renew_session = renew
    found = find_session()
    return _session_principal(found) if found else None


def find_session() -> Session | None:
    """Return the login session of this request, if there is one."""
    user: Any = current_user
    return user.session if user and user.is_authenticated else None


def current_session() -> Session:
    """Return the login session of this request.

    :raises RuntimeError: if there is none
    """
    found = find_session()
    if found is None:
        raise RuntimeError("this request has no login session")
    return found


def find_ended_session() -> LoginSession | None:
    """Return the login session of this browser's cookie, if it has ended."""
    token = session.get("_user_id")
    return session_service.find_ended(token) if isinstance(token, str) else None


@login_manager.user_loader
def _load_user(token: str) -> User | None:
    found = session_service.find(token, renew=g.get("renew_session", False))
    return User(token, found) if found else None


def _session_principal(found: Session) -> Principal:
    return Principal(
        actor=f"staff:{found.member.id}",
        clinic_id=found.clinic.id,
        permissions=found.permissions,
        session_id=found.sign_in.id,
        next_step=_next_step(found),
        read_only=found.sign_in.seen_as is not None,
    )


def _next_step(found: Session) -> str | None:
    if found.sign_in.second_step_due:
        return "staff.second_step"
    return "staff.change_password" if found.member.must_change_password else None


def _authenticate_key() -> Principal | None:
    """Return the program whose API key is in the Authorization header (RFC 6750)."""
    sent = request.authorization
    if sent is None or sent.type != "bearer" or not sent.token:
        return None
    record = api_key_service.authenticate(sent.token)
    if record is None:
        return None
    return Principal(
        actor=f"key:{record.id}",
        clinic_id=record.clinic_id,
        permissions=scope_permissions(record.scopes),
        key_id=record.id,
    )
