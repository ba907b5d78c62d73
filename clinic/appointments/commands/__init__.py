"""The commands of the schedule."""

from clinic.appointments.commands import appointments, hours, moves, practitioners, rooms, services, slots

group = appointments.group
OTHER_GROUPS = (hours.group, practitioners.group, rooms.group, services.group)

__all__ = ["OTHER_GROUPS", "group", "moves", "slots"]
