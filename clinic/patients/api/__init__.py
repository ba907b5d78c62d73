"""JSON endpoints of patients."""

from clinic.patients.api import patients

BLUEPRINTS = (patients.blueprint,)
