"""The page of what goes out next: the rest of today, and the reminders of a day by the days of their visits."""

from flask import render_template
from flask.typing import ResponseReturnValue

from clinic.core.audit import record_listing
from clinic.notifications.abouts import abouts_of
from clinic.notifications.channels import CHANNELS
from clinic.notifications.kinds import KINDS
from clinic.notifications.pages.blueprint import blueprint
from clinic.notifications.schemas.upcoming import NextQuery
from clinic.notifications.upcoming import upcoming
from clinic.web.authorization import requires
from clinic.web.list_views import parse_list_query


@blueprint.get("/next")
@requires("notifications:read")
def next_messages() -> ResponseReturnValue:
    """Show what goes out next."""
    query, _ = parse_list_query(NextQuery())
    found = upcoming(query.get("day"))
    not_reminded = [one.patient.id for day in found.visit_days for one in day.not_reminded]
    page = render_template(
        "notifications/next.html",
        found=found,
        abouts=abouts_of(one.message for one in found.today),
        channels=CHANNELS,
        kinds=KINDS,
    )
    record_listing("notifications", [*(one.patient.id for one in found.today), *not_reminded])
    return page
