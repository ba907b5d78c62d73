"""Commands: `flask staff` and `flask api-keys`."""

from clinic.staff.commands.staff import group

__all__ = ["group"]
