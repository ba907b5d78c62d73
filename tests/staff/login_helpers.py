"""People with passwords, and what they do in a browser to prove who they are."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any
from uuid import UUID

import pyotp
from flask import Flask
from werkzeug.test import TestResponse

from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.models import Membership
from clinic.identity.passwords import hash_password
from tests.builders import a_member
from tests.page_client import PageClient, hidden_value

EMAIL, PASSWORD, OTHER_PASSWORD = "rita@example.org", "a harbour full of boats", "seven grey herons"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

NOT_OURS = [
    "//evil.example",
    "/\\evil.example",
    "\\/\\/evil.example",
    "/%09/evil.example",
    "/\t/evil.example",
    "https:evil.example",
    "https://evil.example/patients",
    "http:///evil.example",
    "javascript:alert(1)",
    "/\u2215/evil.example",
    "//evil.example/%2e%2e",
    "/patients\r\nSet-Cookie: a=b",
    "/nowhere",
    "/api/v1/patients",
    "/login",
    "/logout",
    "patients",
    "/" + "a" * 3000,
]
"""Addresses that no page of the application has, or that lead to another site."""

OtherApp = Callable[..., AbstractContextManager[Flask]]


def a_person(app: Flask, clinic_id: UUID, role: str = "receptionist", *, email: str = EMAIL, **fields: Any) -> UUID:
    """Let somebody work in a clinic who signs in with PASSWORD; return their id."""
    with app.app_context():
        return a_member(clinic_id, role, email=email, password_hash=hash_password(PASSWORD), **fields).id


def with_app(app: Flask, clinic_id: UUID) -> UUID:
    """Let somebody work in a clinic whose second step is on."""
    return a_person(app, clinic_id, totp_on=True, totp_secret=SECRET)


def place_in(app: Flask, clinic_id: UUID, member_id: UUID, role: str) -> None:
    """Let somebody work in another clinic as well."""
    with app.app_context(), unit_of_work():
        db.session.add(Membership(clinic_id=clinic_id, member_id=member_id, name="Rita There", role=role))


def a_browser(app: Flask, address: str = "127.0.0.1") -> PageClient:
    """Open a browser on another machine, in which nobody has ever signed in."""
    app.test_client_class = PageClient
    browser = app.test_client()
    assert isinstance(browser, PageClient)
    browser.environ_base["REMOTE_ADDR"] = address
    return browser


def sign_in(browser: PageClient, email: str = EMAIL, password: str = PASSWORD, /, **fields: str) -> TestResponse:
    """Send the form of the sign-in page; a following page comes with what is asked for as `next`."""
    data = {"csrf_token": form_token(browser, "/login"), "email": email, "password": password, **fields}
    return browser.post("/login", data=data)


def form_token(browser: PageClient, url: str) -> str:
    """Return the token of a page's form, wherever the page leads."""
    return hidden_value(browser.get(url, follow_redirects=True).text, "csrf_token")


def send(browser: PageClient, url: str, page: str, /, **fields: str) -> TestResponse:
    """Send a form with the token that a page of this browser carries."""
    return browser.post(url, data={"csrf_token": form_token(browser, page), **fields})


def code_at(moment: datetime | None = None, secret: str = SECRET) -> str:
    """Return what an app shows."""
    return pyotp.TOTP(secret).at(moment or now())


def cookie(browser: PageClient, name: str = "session") -> str:
    """Return what a browser keeps."""
    kept = browser.get_cookie(name)
    assert kept, f"there is no cookie {name}"
    value: str = kept.value
    return value


def replay(app: Flask, session: str) -> PageClient:
    """Open another browser with the cookie of a session that somebody has copied."""
    browser = a_browser(app)
    browser.set_cookie("session", session)
    return browser


def is_in(browser: PageClient) -> bool:
    """Say whether a browser's session is alive."""
    return browser.get("/account").status_code == 200
