"""The commands of the schedule."""

from clinic.appointments.commands.appointments import group

__all__ = ["group"]
