"""People who work in the clinic, with and without passwords, beside the administrator of `client`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from clinic import create_app
from clinic.core.database import db
from clinic.staff.service import Clinic
from tests.browsing import PageClient
from tests.staff.entering import OtherApp, a_person
from tests.staff.people import Hire, Person, hire


@pytest.fixture
def hired(app: Flask, clinic: Clinic) -> Hire:
    """Let somebody work in the clinic: `hired("manager")`."""
    clinic_id = clinic.id
    return lambda role, email="", where=clinic_id: hire(app, where, role, email)


@pytest.fixture
def desk(client: PageClient, hired: Hire) -> Person:
    """The receptionist."""
    return hired("receptionist")


@pytest.fixture
def person(app: Flask, clinic: Clinic) -> Any:
    """The id of a receptionist who signs in with a password."""
    return a_person(app, clinic.id)


@pytest.fixture
def other_app(app: Flask, tmp_path: Path) -> OtherApp:
    """Make another application on the same database, set up otherwise."""

    @contextmanager
    def make(**settings: Any) -> Iterator[Flask]:
        same = {name: app.config[name] for name in ("TESTING", "SQLALCHEMY_DATABASE_URI", "SECRET_KEY")}
        made = create_app({**same, "INSTANCE_PATH": tmp_path, **settings})
        yield made
        with made.app_context():
            db.engine.dispose()

    return make
