"""The group `flask notifications` and its shared option."""

import click

from clinic.web.cli import CommandGroup

group = CommandGroup("notifications", clinic=True, help="Messages to patients.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
