"""The gate of the pages: people are recognised by the session in the cookie, others are sent to sign in."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Flask, current_app, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user

from clinic.identity.members import member_service
from clinic.identity.models import LoginSession
from clinic.identity.roles import PERMISSIONS
from clinic.identity.saved_forms import saved_form_service
from clinic.identity.sessions import Session, session_service
from clinic.web.authorization import Principal, access_to
from clinic.web.forms import NOT_FIELDS


class Visitor(UserMixin):  # type: ignore[misc]
    """A person as Flask-Login knows them: by the token of their session."""

    def __init__(self, token: str, session: Session | None = None) -> None:
        self.token = token
        self.session = session

    def get_id(self) -> str:
        """Return the token, which the cookie keeps."""
        return self.token


class PageGate:
    """Recognises people by their sessions."""

    def recognise(self, *, renew: bool) -> Principal | None:
        """Return the person of the cookie, if the session is alive."""
        g.renew_session = renew
        found = session_or_none()
        if found is None:
            return None
        return Principal(
            actor=f"staff:{found.member.id}",
            clinic_id=found.clinic.id,
            permissions=found.permissions,
            session_id=found.sign_in.id,
            next_step=_next_step(found),
            only_looks=found.sign_in.seen_as is not None,
        )

    def explain(self, permission: str) -> Mapping[str, Any]:
        """Return what is missing in plain words, and who can give it."""
        return {
            "permission_words": PERMISSIONS[permission],
            "role_label": the_session().seen_as_label or the_session().role_label,
            "granted_by": [membership.name for membership in member_service.administrators()],
        }

    def turn_away(self) -> ResponseReturnValue:
        """Lead to the sign-in page, and from there back; a form sent too late is kept meanwhile."""
        past = past_session()
        if past is not None and past.seen_as is None and _is_worth_keeping():
            fields = request.form.items(multi=True)
            if saved_form_service.keep(past, request.path, fields, replaces=sent_kept_id()):
                flash("What you typed is kept: sign in to see it and to send it again", "kept")
        return redirect(url_for("staff.sign_in", next=_wanted()))

    def send_on(self, principal: Principal) -> ResponseReturnValue:
        """Lead to what is missing for the sign-in to be complete."""
        return redirect(url_for(principal.next_step or "staff.sign_in", next=_wanted()))


def init_login(app: Flask) -> None:
    """Let Flask-Login keep the token of the session in the signed cookie."""
    manager = LoginManager()
    manager.session_protection = None
    manager.user_loader(_visitor)
    manager.init_app(app)


def session_or_none() -> Session | None:
    """Return the session of the person who looks at this page."""
    visitor: Any = current_user
    return visitor.session if visitor and visitor.is_authenticated else None


def the_session() -> Session:
    """Return the session of the person who looks at this page, of which a gate has made sure."""
    found = session_or_none()
    if found is None:
        raise RuntimeError("nobody has signed in")
    return found


def sent_kept_id() -> UUID | None:
    """Return which kept form is sent again, if one is."""
    try:
        return UUID(request.form.get("_kept", ""))
    except ValueError:
        return None


def past_session() -> LoginSession | None:
    """Return the session that this browser had, if it has ended."""
    token = session.get("_user_id")
    return session_service.ended(token) if isinstance(token, str) else None


def _visitor(token: str) -> Visitor | None:
    found = session_service.find(token, renew=g.get("renew_session", False))
    return Visitor(token, found) if found else None


def _next_step(found: Session) -> str | None:
    if found.sign_in.second_step_due:
        return "staff.second_step"
    return "staff.change_password" if found.member.must_change_password else None


def _wanted() -> str | None:
    """Return the page that was asked for, or whose form was sent, to lead back to; the start needs no mention."""
    wanted = request.full_path.rstrip("?") if request.method == "GET" else request.path
    return wanted if wanted != "/" else None


def _is_worth_keeping() -> bool:
    """Return whether somebody has typed into a form that changes what belongs to the clinic."""
    if request.method != "POST" or request.endpoint is None or not set(request.form) - NOT_FIELDS:
        return False
    return access_to(current_app, request.endpoint).permission is not None
