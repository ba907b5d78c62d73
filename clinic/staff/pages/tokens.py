"""The token of a session in the browser's cookie."""

from flask import g, session
from flask_login import login_user
from flask_wtf.csrf import generate_csrf

from clinic.staff.pages.gate import Visitor
from clinic.staff.service import session_service


def change_to(token: str) -> None:
    """Let the browser keep a session's new token, and a new token against forgery with it."""
    session.clear()
    g.pop("csrf_token", None)
    login_user(Visitor(token, session_service.find(token, renew=False)))
    generate_csrf()
