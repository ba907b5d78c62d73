"""No response reads from the database after its change was committed: a lost connection would hide what was saved."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from flask import Flask, has_request_context, request
from sqlalchemy import event

from clinic.core.db import db
from clinic.core.db.transaction import _Transaction, current_outcome
from clinic.core.events.context import current_depth
from clinic.identity.models import Clinic
from tests.access.callers import Caller, body_for
from tests.access.routes import routes_of
from tests.access.two_clinics import World
from tests.databases import on_one_database
from tests.staff.login_helpers import (
    EMAIL,
    OTHER_PASSWORD,
    PASSWORD,
    a_browser,
    a_person,
    code_at,
    send,
    sign_in,
)

_SAVED = "test.saved"
_SECRET = re.compile(r"<code data-copied>([A-Z2-7 ]+)</code>")
NOON = datetime(2026, 3, 2, 12, 0, 15, tzinfo=UTC)

ARCHIVED_VERBS = ("update", "archive")
RESOURCES = ("practitioners", "rooms", "services")

READING_THE_NEW_SESSION = "staff.save_password_by_link"
"""Ends the browser's session after the password is saved; an error then says that it is saved."""


class Reads:
    """The endpoints whose requests saved a change, and the statements that followed in the same requests."""

    def __init__(self) -> None:
        self.saved: set[str] = set()
        self.late: list[str] = []

    def note_commit(self, *, changed: bool) -> None:
        """Note the commit of a view's own unit of work."""
        if changed and has_request_context() and not current_depth():
            request.environ[_SAVED] = True
            self.saved.add(str(request.endpoint))

    def note_statement(self, _connection: object, _cursor: object, statement: str, *_more: object) -> None:
        """Note a statement after a commit, unless an event handler executes it."""
        if has_request_context() and request.environ.get(_SAVED) and not current_depth():
            self.late.append(f"{request.endpoint}: {' '.join(statement.split())[:200]}")


@pytest.fixture
def reads(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reads]:
    """What is read after commits."""
    found, commit = Reads(), _Transaction.commit

    def noted(transaction: Any) -> None:
        changed = bool(current_outcome().changed)
        commit(transaction)
        found.note_commit(changed=changed)

    monkeypatch.setattr(_Transaction, "commit", noted)
    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", found.note_statement)
    yield found
    event.remove(engine, "before_cursor_execute", found.note_statement)


CARD_VERBS = ("create", "update", "end", "restore")
APPOINTMENT_VERBS = (
    "create",
    "arrive",
    "cancel",
    "check_in",
    "fulfil",
    "no_show",
    "reschedule",
    "undo",
    "update",
    "confirm",
)
MESSAGE_VERBS = ("retry", "retry_notifications", "resolve", "hold_back", "send_by", "record_printed", "mail_invoice")


@on_one_database
@pytest.mark.slow
def test_no_view_reads_after_its_commit(world: World, reads: Reads) -> None:
    caller = Caller(world, "administrator")

    for route in routes_of(world.app):
        if route.writes:
            caller.ask(route, caller.own_ids(route), body_for(route, world.own))

    assert [late for late in reads.late if not late.startswith(READING_THE_NEW_SESSION)] == []
    assert {name for name in reads.saved if name.startswith("api_")} == {
        *(f"api_appointments.{verb}" for verb in APPOINTMENT_VERBS),
        "api_hours.update",
        "api_opening_hours.update_opening_hours",
        *(f"api_{kind}.{verb}" for kind in ("closures", "hours_exceptions") for verb in ("create", "update", "delete")),
        "api_billing.create",
        *(f"api_billing.{verb}" for verb in ("issue", "update", "duplicate", "delete", "split")),
        *(f"api_billing.{verb}" for verb in ("pay", "use_credit", "credit", "write_off")),
        *(f"api_payments.{verb}" for verb in ("create", "reverse", "refund")),
        "api_write_offs.undo",
        *(f"api_opening_balances.{verb}" for verb in ("create", "reverse")),
        "api_billing_settings.update",
        "api_unbilled_visits.bill",
        *(f"api_{kind}.{verb}" for kind in ("tax_rates", "price_items") for verb in ("create", *ARCHIVED_VERBS)),
        *(f"api_notifications.{verb}" for verb in MESSAGE_VERBS),
        *("api_calls.record_result", "api_notification_settings.update"),
        *("api_message_templates.update", "api_message_templates.delete"),
        *(f"api_consent.{verb}" for verb in ("record", "undo", "withdraw")),
        "api_patients.create",
        *(f"api_recalls.{verb}" for verb in ("create", "update", "complete", "drop", "reopen")),
        "api_patients.use_contact",
        "api_merges.merge_patient",
        "api_merges.unmerge_patient",
        *(f"api_{kind}.{verb}" for kind in ("notes", "related_persons") for verb in CARD_VERBS),
        *(f"api_patients.{verb}" for verb in ("update", "archive", "restore", "record_death", "undo_death")),
        *(f"api_{kind}.{verb}" for kind in RESOURCES for verb in ("create", "update", "deactivate")),
    }
    assert len(reads.saved) > 20, reads.saved


def test_no_step_of_a_sign_in_reads_after_its_commit(app: Flask, clinic: Clinic, reads: Reads) -> None:
    browser = a_browser(app)
    with time_machine.travel(NOON, tick=False) as clock:
        a_person(app, clinic.id)
        sign_in(browser)
        send(browser, "/account/second-step/begin", "/account")
        secret = _SECRET.findall(browser.get("/account/second-step").text)[0].replace(" ", "")
        send(browser, "/account/second-step", "/account/second-step", code=code_at(secret=secret))
        send(browser, "/account/recovery-codes", "/account/recovery-codes", present_password=PASSWORD)
        change = {"present_password": PASSWORD, "new_password": OTHER_PASSWORD}
        send(browser, "/account/password", "/account/password", **change)
        send(browser, "/logout", "/account")
        clock.shift(60)
        sign_in(browser, EMAIL, OTHER_PASSWORD)
        entered = send(browser, "/login/code", "/login/code", code=code_at(secret=secret))

    assert entered.status_code == 303
    assert {"staff.confirm_second_step", "staff.save_password"} <= reads.saved
    assert "\n".join(reads.late) == ""
