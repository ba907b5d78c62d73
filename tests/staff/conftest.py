"""People who work in the clinic, beside the administrator of `client`."""

import pytest
from flask import Flask

from clinic.staff.service import Clinic
from tests.browsing import PageClient
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
