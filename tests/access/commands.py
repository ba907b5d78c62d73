"""How each command that acts in a clinic is run, with ids of one's own or of others in it."""

from collections.abc import Callable, Iterator

import click
from flask import Flask

from clinic.core.ids import new_id
from tests.access.request_bodies import Ids

Line = Callable[[Ids], list[str]]

LINES: dict[str, Line] = {
    "patients add": lambda _: ["--given-name", "Rita"],
    "patients show": lambda the: [the("patient_id")],
    "patients consent": lambda the: [the("patient_id")],
    "patients record-consent": lambda the: [the("patient_id"), "--agree", "news:email", "--source", "phone"],
    "patients withdraw-consent": lambda the: [the("patient_id")],
    "patients undo-consent": lambda the: [the("patient_id", "api_consent.undo")],
    "appointments book": lambda the: [
        *("--patient", the("patient_id"), "--practitioner", the("practitioner_id")),
        *("--starts", "2029-11-26 09:00"),
    ],
    "appointments cancel": lambda the: [the("appointment_id")],
    "appointments move": lambda the: [the("appointment_id"), "--starts", "2029-11-27 09:00"],
    "appointments arrive": lambda the: [the("appointment_id")],
    "appointments check-in": lambda the: [the("appointment_id")],
    "appointments fulfil": lambda the: [the("appointment_id", "api_appointments.fulfil")],
    "appointments no-show": lambda the: [the("appointment_id", "api_appointments.no_show")],
    "appointments undo": lambda the: [the("appointment_id")],
    "appointments add-practitioner": lambda _: ["--name", "Dr Rui Matrix"],
    "appointments practitioners": lambda _: [],
    "hours show": lambda the: [the("practitioner_id")],
    "hours set": lambda the: [the("practitioner_id"), "--mon", "9-12"],
    "hours leave": lambda the: [the("practitioner_id"), "2030-01-02"],
    "hours close": lambda _: ["Fire drill", "2030-01-02"],
    "hours import-holidays": lambda _: ["--year", "2030"],
    "practitioners add": lambda _: ["--name", "Dr Rui Matrix"],
    "practitioners edit": lambda the: [the("practitioner_id"), "--speciality", "Skin"],
    "practitioners deactivate": lambda the: [the("practitioner_id")],
    "practitioners reactivate": lambda the: [the("practitioner_id")],
    "rooms add": lambda _: ["--name", f"Room {new_id()}"],
    "rooms edit": lambda the: [the("room_id"), "--places", "3"],
    "rooms deactivate": lambda the: [the("room_id")],
    "rooms reactivate": lambda the: [the("room_id")],
    "services add": lambda the: [
        *("--name", f"Service {new_id()}", "--lengths", "30,45"),
        *("--practitioner", the("practitioner_id"), "--room", the("room_id")),
    ],
    "services edit": lambda the: [the("service_id"), "--practitioner", the("practitioner_id"), "--any-room"],
    "services retire": lambda the: [the("service_id")],
    "services reactivate": lambda the: [the("service_id")],
    "billing create": lambda the: ["--patient", the("patient_id"), "--line", "Consultation|1|50.00"],
    "billing issue": lambda the: [the("invoice_id", "billing.issue")],
    "billing pay": lambda the: [the("invoice_id"), "50.00", "--method", "card"],
    "staff create-admin": lambda _: ["rui@example.org"],
    "staff reset-password": lambda the: [the("email")],
    "staff deactivate": lambda the: [the("email")],
    "api-keys create": lambda _: ["--name", "Matrix", "--scopes", "all"],
    "api-keys revoke": lambda the: [the("key_id")],
    "patients list": lambda _: [],
    "appointments list": lambda _: ["--day", "2029-11-26"],
    "appointments slots": lambda the: ["--practitioner", the("practitioner_id"), "--patient", the("patient_id")],
    "practitioners list": lambda _: ["--all"],
    "rooms list": lambda _: ["--all"],
    "services list": lambda _: ["--all"],
    "billing invoices": lambda _: [],
    "notifications retry": lambda _: ["--all"],
    "notifications list": lambda _: [],
    "staff configure": lambda _: ["--late-cancel-hours", "12"],
    "staff list": lambda _: [],
    "api-keys list": lambda _: [],
    "audit list": lambda _: ["--limit", "200"],
    "audit export": lambda _: [],
}
"""What follows each command that takes `--clinic`; those that list come last, to list what the others made."""


def commands_of_a_clinic(app: Flask) -> Iterator[str]:
    """Return the names of the commands that act in a clinic."""
    for group_name, group in app.cli.commands.items():
        for name, command in getattr(group, "commands", {}).items():
            if any("--clinic" in parameter.opts for parameter in command.params):
                yield f"{group_name} {name}"


def takes_json(app: Flask, name: str) -> bool:
    """Say whether a command prints JSON if it is asked to."""
    group, command = name.split()
    found: click.Group = app.cli.commands[group]  # type: ignore[assignment]
    return any("--json" in parameter.opts for parameter in found.commands[command].params)
