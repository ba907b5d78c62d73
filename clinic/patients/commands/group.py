"""The group `flask patients` and its shared option."""

import click

from clinic.web.cli import CommandGroup

group = CommandGroup("patients", clinic=True, help="Who the patients are and how to reach them.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
