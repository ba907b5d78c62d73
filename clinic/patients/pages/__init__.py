"""Pages of patients and of their consent."""

from clinic.patients.pages import consent, patients
from clinic.patients.pages.blueprint import blueprint

__all__ = ["blueprint", "consent", "patients"]
