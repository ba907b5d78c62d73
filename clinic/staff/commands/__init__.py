"""`flask staff …`, and the groups beside it."""

from clinic.staff.commands.staff import group

__all__ = ["group"]
