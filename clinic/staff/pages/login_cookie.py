"""The token of the login session in the browser's cookie."""

from flask import g, session
from flask_login import login_user
from flask_wtf.csrf import generate_csrf

from clinic.identity.sessions import session_service
from clinic.web.authentication import User, find_session


def set_login_token(token: str, *, same_person: bool = False, other_clinic: bool = False) -> None:
    """Store a session's new token in the cookie, with a new CSRF token.

    For the `same_person` the CSRF token stays, so that forms in other windows remain valid.
    """
    kept = {name: value for name, value in session.items() if name == "csrf_token" and same_person}
    session.clear()
    session.update(kept)
    g.pop("csrf_token", None)
    is_current = same_person and not other_clinic
    login_user(User(token, find_session() if is_current else session_service.find(token, renew=False)))
    generate_csrf()
