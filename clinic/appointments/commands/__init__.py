"""The commands of the schedule."""

from clinic.appointments.commands import appointments, hours, practitioners, rooms, services

group = appointments.group
OTHER_GROUPS = (hours.group, practitioners.group, rooms.group, services.group)

__all__ = ["OTHER_GROUPS", "group"]
