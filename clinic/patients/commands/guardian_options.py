"""The options `--guardian` and `--guardian-…` of the command that registers a patient."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import click

from clinic.patients.service import Patient

_OPTIONS = [
    click.option("--guardian", metavar="PATIENT", help="The guardian of a child: another patient of the clinic."),
    click.option("--guardian-name", help="Or the name of somebody who is no patient."),
    click.option("--guardian-phone"),
    click.option("--guardian-email"),
    click.option("--guardian-relationship", help="In words: mother, grandfather."),
]
_PREFIX = "guardian_"


def guardian_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the fields of a guardian as options."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)


def pop_guardian(options: dict[str, str | None], find_patient: Callable[[str], Patient]) -> dict[str, dict[str, str]]:
    """Take the guardian out of the options, and return it as a program sends it; nothing if none is given."""
    other = options.pop("guardian")
    named = {name: options.pop(name) for name in [name for name in options if name.startswith(_PREFIX)]}
    guardian = {name.removeprefix(_PREFIX): value for name, value in named.items() if value is not None}
    if other:
        guardian["other_patient_id"] = str(find_patient(other).id)
    return {"guardian": guardian} if guardian else {}
