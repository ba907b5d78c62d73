"""A browser without JavaScript, as far as forms need one, in which somebody may have signed in."""

import re
from typing import Any
from uuid import UUID

from flask import session
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from clinic.identity.models import Clinic
from clinic.identity.sessions import session_service
from tests.builders import a_signed_in_administrator


class PageClient(FlaskClient):
    """A test client that can send a page's form, with the token that the page carries.

    With an API `key` it bears it wherever nothing else is said.
    """

    key: str | None = None

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send a request; one to the API with the key."""
        if self.key and args and isinstance(args[0], str) and args[0].startswith("/api/"):
            headers = Headers(kwargs.get("headers"))
            headers.setdefault("Authorization", f"Bearer {self.key}")
            kwargs["headers"] = headers
        return super().open(*args, **kwargs)

    def work_in(self, clinic: Clinic) -> None:
        """Let an administrator of a clinic have signed in, and bear a key to everything in it."""
        with self.application.app_context():
            token, self.key = a_signed_in_administrator(clinic)
        self.keep(token)

    def become(self, member_id: UUID, clinic_id: UUID) -> str:
        """Let somebody have signed in; return the token of the session."""
        with self.application.app_context():
            token = session_service.start(member_id, clinic_id, address="127.0.0.1", agent="test")
        self.keep(token)
        return token

    def keep(self, token: str) -> None:
        """Keep the token of a session, and nothing else, in the cookie."""
        with self.session_transaction() as cookie:
            cookie.clear()
            cookie["_user_id"] = token

    def submit(self, url: str, /, **fields: Any) -> TestResponse:
        """Send a form with the token of this session; `birth_date__year` stands for `birth_date.year`."""
        data = {name.replace("__", "."): value for name, value in fields.items()}
        return self.post(url, data={"csrf_token": self.token(), **data})

    def token(self) -> str:
        """Return a token that forms of this session carry, without opening a page for it."""
        with self.session_transaction() as cookie, self.application.test_request_context():
            if "csrf_token" in cookie:
                session["csrf_token"] = cookie["csrf_token"]
            token = str(generate_csrf())
            cookie["csrf_token"] = session["csrf_token"]
        return token


def hidden_value(html: str, name: str) -> str:
    """Return the value of a hidden field of a page."""
    match = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', html)
    assert match, f"the page has no hidden field {name}"
    return match[1]
