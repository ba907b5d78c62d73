"""Input loaded by a schema alone: without a database, without a request."""

from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

from marshmallow import Schema, ValidationError

from clinic.identity.clinics import clinic_service
from clinic.identity.models import Clinic
from clinic.web.problem_details import flattened

LISBON = Clinic(name="Clínica São João", zone="Europe/Lisbon", country="PT", currency="EUR", locale="pt_PT")
"""The current clinic of every schema here; it is in no database."""


def loaded(schema: Schema, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a schema makes of input.

    :raises ValidationError: if it refuses the input
    """
    with patch.object(clinic_service, "current", return_value=LISBON):
        data: dict[str, Any] = schema.load(sent)
    return data


def problems(schema: Schema, sent: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the (JSON pointer, message) of every problem that a schema finds in input."""
    try:
        loaded(schema, sent)
    except ValidationError as error:
        return list(flattened(error.messages))
    return []
