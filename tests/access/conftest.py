"""Fixtures: a clinic of one's own, and another full of canaries."""

from collections.abc import Iterator

import pytest
from flask import Flask

from clinic.identity.models import Clinic
from clinic.identity.passwords import hash_password
from tests.access.canaries import plant
from tests.access.overheard import Overheard
from tests.access.request_bodies import EMAIL, PASSWORD
from tests.access.two_clinics import World
from tests.builders import a_member
from tests.smtp_server import Mailbox


@pytest.fixture
def world(app: Flask, clinic: Clinic) -> World:
    """The own clinic, in which somebody signs in with a password, beside the one of the canaries."""
    with app.app_context():
        a_member(clinic.id, "read-only", email=EMAIL, password_hash=hash_password(PASSWORD))
    return World(app, clinic.id, plant(app))


@pytest.fixture
def overheard(mailbox: Mailbox) -> Iterator[Overheard]:
    """What is mailed and logged during the test."""
    found = Overheard(mailbox)
    with found.listening():
        yield found
