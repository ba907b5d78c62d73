"""Resolution of a clinic by its name."""

import pytest
from flask import Flask

from clinic.core.errors import InvalidInput, NotFound
from clinic.identity.clinics import clinic_service
from clinic.identity.models import Clinic


def test_the_only_clinic_needs_no_name(app: Flask, clinic: Clinic) -> None:
    with app.app_context():
        assert clinic_service.resolve() == clinic.id


def test_of_several_clinics_one_is_chosen_by_its_name(app: Flask, clinic: Clinic, other_clinic: Clinic) -> None:
    with app.app_context():
        with pytest.raises(InvalidInput, match="several clinics"):
            clinic_service.resolve()
        assert clinic_service.resolve("Other Clinic") == other_clinic.id
        with pytest.raises(NotFound):
            clinic_service.resolve("No such clinic")
