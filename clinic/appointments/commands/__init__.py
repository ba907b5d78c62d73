"""The commands of the schedule."""

from clinic.appointments.commands import appointments, practitioners, rooms, services

group = appointments.group
OTHER_GROUPS = (practitioners.group, rooms.group, services.group)

__all__ = ["OTHER_GROUPS", "group"]
