"""How each command that acts in a clinic is run, with ids of one's own or of others in it."""

from collections.abc import Callable, Iterator

import click
from flask import Flask

from clinic.core.ids import new_id
from tests.access.request_bodies import OTHER_ADDRESS, Ids

Line = Callable[[Ids], list[str]]

LINES: dict[str, Line] = {
    "patients add": lambda _: ["--given-name", "Rita"],
    "patients edit": lambda the: [the("patient_id"), "--given-name", "Rita"],
    "patients use-contact": lambda the: [
        the("patient_id", "api_patients.use_contact"),
        *("--kind", "address", "--value", OTHER_ADDRESS),
    ],
    "patients show": lambda the: [the("patient_id")],
    "patients record-death": lambda the: [the("patient_id"), "--on", "2026-11-02"],
    "patients undo-death": lambda the: [the("patient_id")],
    "patients archive": lambda the: [the("patient_id")],
    "patients restore": lambda the: [the("patient_id")],
    "patients add-note": lambda the: [the("patient_id"), "--text", "Prefers mornings"],
    "patients edit-note": lambda the: [the("note_id"), "--kind", "alert"],
    "patients end-note": lambda the: [the("note_id")],
    "patients restore-note": lambda the: [the("note_id")],
    "patients notes": lambda the: [the("patient_id"), "--all"],
    "patients search": lambda the: [the("patient_id")],
    "patients reindex": lambda _: [],
    "patients add-related": lambda the: [the("patient_id"), "--name", "Rui Matrix", "--role", "payer"],
    "patients edit-related": lambda the: [the("person_id"), "--relationship", "uncle"],
    "patients end-related": lambda the: [the("person_id")],
    "patients restore-related": lambda the: [the("person_id")],
    "patients related": lambda the: [the("patient_id"), "--all"],
    "patients add-recall": lambda the: [the("patient_id"), "--in-months", "6", "--reason", "Check-up"],
    "patients edit-recall": lambda the: [the("recall_id"), "--reason", "Check-up of teeth"],
    "patients complete-recall": lambda the: [the("recall_id")],
    "patients drop-recall": lambda the: [the("recall_id")],
    "patients reopen-recall": lambda the: [the("recall_id")],
    "patients recalls": lambda _: [],
    "patients consent": lambda the: [the("patient_id")],
    "patients timeline": lambda the: [the("patient_id")],
    "patients record-consent": lambda the: [the("patient_id"), "--agree", "news:email", "--source", "phone"],
    "patients withdraw-consent": lambda the: [the("patient_id")],
    "patients undo-consent": lambda the: [the("patient_id", "api_consent.undo")],
    "patients merge": lambda the: [the("patient_id"), the("other_id"), "--yes"],
    "patients unmerge": lambda the: [the("patient_id", "api_merges.unmerge_patient")],
    "patients not-duplicate": lambda the: [the("pair_id")],
    "patients reopen-duplicate": lambda the: [the("pair_id")],
    "appointments book": lambda the: [
        *("--patient", the("patient_id"), "--practitioner", the("practitioner_id")),
        *("--starts", "2029-11-26 09:00"),
    ],
    "appointments cancel": lambda the: [the("appointment_id")],
    "appointments move": lambda the: [the("appointment_id"), "--starts", "2029-11-27 09:00"],
    "appointments edit": lambda the: [the("appointment_id"), "--reason", "Referral"],
    "appointments arrive": lambda the: [the("appointment_id")],
    "appointments check-in": lambda the: [the("appointment_id")],
    "appointments fulfil": lambda the: [the("appointment_id", "api_appointments.fulfil")],
    "appointments no-show": lambda the: [the("appointment_id", "api_appointments.no_show")],
    "appointments confirm": lambda the: [the("appointment_id")],
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
    "billing edit": lambda the: [the("invoice_id", "billing.issue"), "--item", the("item_id")],
    "billing duplicate": lambda the: [the("invoice_id")],
    "billing delete": lambda the: [the("invoice_id", "billing.issue"), "--yes"],
    "billing bill": lambda the: [the("billable_id")],
    "billing settings": lambda _: ["--footer", "Reg. 1"],
    "taxes add": lambda _: ["--name", f"Tax {new_id()}", "--category", "Z"],
    "taxes edit": lambda the: [the("tax_rate_id"), "--name", f"Tax {new_id()}"],
    "taxes archive": lambda the: [the("tax_rate_id")],
    "taxes restore": lambda the: [the("tax_rate_id")],
    "prices add": lambda the: ["--code", str(new_id())[-12:], "--label", "Visit", "--service", the("service_id")],
    "prices edit": lambda the: [the("item_id"), "--tax", the("tax_rate_id")],
    "prices set": lambda the: [the("item_id"), "50.00"],
    "prices archive": lambda the: [the("item_id")],
    "prices restore": lambda the: [the("item_id")],
    "billing pay": lambda the: [the("invoice_id"), "50.00", "--method", "card"],
    "billing take": lambda the: [the("patient_id"), "5.00", "--method", "cash", "--keep-credit"],
    "billing use-credit": lambda the: [the("invoice_id", "api_billing.use_credit")],
    "billing refund": lambda the: [the("payment_id"), "1.00", "--method", "cash", "--reason", "goodwill"],
    "billing reverse": lambda the: [the("payment_id"), "--reason", "Typed twice"],
    "billing credit": lambda the: [the("invoice_id"), "--reason", "goodwill"],
    "billing write-off": lambda the: [the("invoice_id"), "--reason", "Moved away"],
    "billing payments": lambda _: [],
    "billing audit": lambda _: [],
    "staff create-admin": lambda _: ["rui@example.org"],
    "staff reset-password": lambda the: [the("email")],
    "staff deactivate": lambda the: [the("email")],
    "api-keys create": lambda _: ["--name", "Matrix", "--scopes", "all"],
    "api-keys revoke": lambda the: [the("key_id")],
    "patients list": lambda _: [],
    "patients duplicates": lambda _: ["--check"],
    "appointments list": lambda _: ["--day", "2029-11-26"],
    "appointments slots": lambda the: ["--practitioner", the("practitioner_id"), "--patient", the("patient_id")],
    "practitioners list": lambda _: ["--all"],
    "rooms list": lambda _: ["--all"],
    "services list": lambda _: ["--all"],
    "billing invoices": lambda _: [],
    "billing unbilled": lambda _: [],
    "taxes list": lambda _: ["--all"],
    "prices list": lambda _: ["--all"],
    "notifications show": lambda the: [the("notification_id")],
    "notifications why": lambda the: ["confirmation", the("appointment_id")],
    "notifications resolve": lambda the: [the("notification_id", "api_notifications.resolve"), "arrived"],
    "notifications hold-back": lambda the: [the("notification_id")],
    "notifications send-by": lambda the: [the("notification_id", "api_notifications.send_by"), "post"],
    "notifications send-invoice": lambda the: [the("invoice_id")],
    "notifications printed": lambda the: [the("notification_id", "api_notifications.record_printed")],
    "notifications calls": lambda _: [],
    "notifications record-call": lambda the: [the("appointment_id"), "no-answer"],
    "notifications retry": lambda _: ["--all"],
    "notifications save-template": lambda _: ["reminder", "en", "--subject", "See you"],
    "notifications preview": lambda _: ["reminder", "en"],
    "notifications send-test": lambda the: ["reminder", "en", "--as", the("manager_email")],
    "notifications reset-template": lambda _: ["reminder", "en"],
    "notifications switch": lambda _: ["recall", "off"],
    "notifications settings": lambda _: ["--reminders", "2 days"],
    "notifications templates": lambda _: [],
    "notifications plan": lambda _: ["--run"],
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
