"""What the commands of practitioners, rooms and services have in common."""

import click

from clinic.appointments.service import Upcoming
from clinic.web.cli_output import info

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
active_option = click.option("--all", "show_all", is_flag=True, help="Also the inactive ones.")


def show_upcoming(upcoming: Upcoming) -> None:
    """Print what is still booked on stderr."""
    if upcoming.count:
        first = ", ".join(str(appointment_id) for appointment_id in upcoming.appointment_ids[:10])
        info(f"Still booked: {upcoming.count} upcoming appointments, the first: {first}")
    else:
        info("Nothing is booked any more")
