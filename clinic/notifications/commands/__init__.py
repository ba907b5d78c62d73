"""The commands `flask notifications …`."""

from clinic.notifications.commands import calls, messages, plan, settings, templates
from clinic.notifications.commands.group import group

__all__ = ["calls", "group", "messages", "plan", "settings", "templates"]
