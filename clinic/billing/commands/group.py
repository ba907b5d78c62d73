"""The group `flask billing`."""

from clinic.web.cli import CommandGroup

group = CommandGroup("billing", clinic=True, help="Invoices and payments.")
