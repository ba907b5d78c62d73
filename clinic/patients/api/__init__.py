"""JSON endpoints of patients and of their consent."""

from clinic.patients.api import consent, patients

BLUEPRINTS = (patients.blueprint, consent.blueprint)
