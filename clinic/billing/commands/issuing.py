"""The date of issue as options of commands."""

import sys
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import click

from clinic.billing.schemas.issue import IssueSchema
from clinic.billing.service import DateNotConfirmed, Invoice, billing_service
from clinic.web.cli import load_options

_OPTIONS = (
    click.option(
        "--date",
        "issued_on",
        metavar="DATE",
        help="Of issue, like 2026-11-28: by default today, or that of the newest invoice if that is later.",
    ),
    click.option(
        "--confirm-date", is_flag=True, help="Accept a date that is more than a day after that of the newest invoice."
    ),
)


def issue_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the date of issue, and its confirmation, as options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def issue_draft(invoice_id: UUID, *, issued_on: str | None, confirm_date: bool) -> Invoice:
    """Issue a draft; on a terminal ask whether a date is right that has to be confirmed.

    :raises click.UsageError: if it has to be confirmed and nobody can be asked
    """
    given = {"issued_on": issued_on, "confirm_date": confirm_date}
    return with_confirmed_date(lambda **terms: billing_service.issue(invoice_id, **terms), given)


def with_confirmed_date(issue: Callable[..., Invoice], given: Mapping[str, Any]) -> Invoice:
    """Issue by a call that takes the date and its confirmation; on a terminal ask, and call it again.

    :raises click.UsageError: if the date has to be confirmed and nobody can be asked
    """
    terms = load_options(IssueSchema(), given)
    try:
        return issue(**terms)
    except DateNotConfirmed as error:
        if not sys.stdin.isatty():
            raise click.UsageError(f"{error.message}. Give --confirm-date: nobody can be asked") from error
        click.confirm(f"{error.message}. Is it right?", abort=True, err=True)
    return issue(**terms | {"confirm_date": True})
