"""The commands `flask patients …`."""

from clinic.patients.commands import patients
from clinic.patients.commands.group import group

__all__ = ["group", "patients"]
