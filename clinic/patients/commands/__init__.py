"""The commands `flask patients …`."""

from clinic.patients.commands import consent, patients
from clinic.patients.commands.group import group

__all__ = ["consent", "group", "patients"]
