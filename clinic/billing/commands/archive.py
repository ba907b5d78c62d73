"""What the commands of taxes and of the price list have in common."""

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
all_option = click.option("--all", "show_all", is_flag=True, help="Also the archived ones.")
