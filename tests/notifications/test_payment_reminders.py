"""Payment reminders: some days after an invoice was due, once each, until nothing is left to pay."""

from datetime import UTC, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
import time_machine

from clinic.billing.service import billing_service, billing_settings_service
from clinic.core.clock import now
from clinic.core.context import IMPORT, as_actor
from clinic.core.db import db
from clinic.identity.clinics import clinic_service
from clinic.notifications.mail_worker import send_due
from clinic.notifications.planning_job import plan_due
from clinic.notifications.settings import settings_service
from clinic.patients.service import consent_service
from tests.assertions import rows
from tests.billing.invoices import an_invoice, euros
from tests.builders import somebody

pytestmark = pytest.mark.usefixtures("inside")

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PAYMENT_DAYS = 10


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def levels(clock, inside):
    """Invoices are due after ten days; the clinic reminds of them a week and three weeks later."""
    billing_settings_service.update(version=None, payment_days=PAYMENT_DAYS)
    settings_service.update(version=None, payment_reminder_days=[7, 21])


def reminders(app):
    found = [row for row in rows(app, "notifications") if row["kind"] == "payment-reminder"]
    return [(row["offset_minutes"] // 1440, row["state"], row["reason"]) for row in found]


def sent(app):
    return [days for days, state, _ in reminders(app) if state == "sent"]


def pass_days(clock, number, *, every=1):
    """Let a worker run at noon every day, or every few days."""
    for _ in range(0, number, every):
        clock.shift(timedelta(days=every))
        work()


def work():
    """Let a worker plan and send all that is due."""
    db.session.commit()
    while plan_due():
        pass
    db.session.commit()
    while send_due():
        pass


def pay(invoice, cents):
    return billing_service.record_payment(invoice.id, amount=euros(cents), method="card")


@pytest.mark.slow
def test_without_levels_nothing_is_planned(app, clock):
    settings_service.update(version=None, payment_reminder_days=[])
    an_invoice()

    plan_due()

    assert reminders(app) == []


@pytest.mark.slow
def test_reminders_are_planned_at_issue_and_sent_in_the_morning_of_their_day(app, clock, mailbox):
    an_invoice(somebody(language="en"))
    assert reminders(app) == [(7, "queued", None), (21, "queued", None)]

    due = [row["due_at"].replace(tzinfo=UTC) for row in rows(app, "notifications") if row["kind"] == "payment-reminder"]
    assert due == [datetime(2026, 3, 19, 9, tzinfo=UTC), datetime(2026, 4, 2, 8, tzinfo=UTC)]
    pass_days(clock, 16, every=4)
    assert sent(app) == []
    pass_days(clock, 1)
    assert sent(app) == [7]
    pass_days(clock, 40, every=5)

    assert sent(app) == [7, 21]
    assert "Payment reminder for invoice" in mailbox.messages[-1]["Subject"]


@pytest.mark.slow
def test_a_payment_drops_what_is_planned_and_its_reversal_plans_again_what_is_still_to_come(app, clock):
    invoice = an_invoice()
    payment = pay(invoice, 5000)
    assert {row[1:] for row in reminders(app)} == {("suppressed", "nothing is left to pay of the invoice")}

    pass_days(clock, 20, every=5)
    billing_service.reverse_payment(payment.id, reason="wrong patient")
    pass_days(clock, 40, every=5)

    assert sent(app) == [21]


def test_a_part_payment_changes_what_the_reminder_asks_for(app, clock, mailbox):
    invoice = an_invoice(somebody(language="en"))
    pay(invoice, 2000)

    pass_days(clock, 17, every=17)

    assert sent(app) == [7]
    assert "30,00" in mailbox.messages[-1].get_body(("plain",)).get_content()


@pytest.mark.slow
@pytest.mark.parametrize(
    "settle",
    [
        lambda invoice: billing_service.write_off(invoice.id, reason="never mind"),
        lambda invoice: billing_service.credit_invoice(invoice.id, reason="goodwill"),
    ],
)
def test_a_write_off_and_a_credit_note_over_the_rest_end_the_reminders(app, clock, settle):
    invoice = an_invoice()
    settle(invoice)

    pass_days(clock, 60, every=5)

    assert {row[1:] for row in reminders(app)} == {("suppressed", "nothing is left to pay of the invoice")}


@pytest.mark.slow
def test_a_worker_that_was_away_sends_the_last_level_alone(app, clock, mailbox):
    an_invoice()
    send_due()
    clock.shift(timedelta(days=32))
    work()

    assert sent(app) == [21]
    assert reminders(app)[0][1:] == ("suppressed", "a later reminder of this invoice is due too")


def test_without_consent_the_reason_is_shown(app, clock):
    patient = somebody()
    an_invoice(patient)
    consent_service.record(patient.id, {("care", "email"): False}, source="in-person")

    pass_days(clock, 17, every=17)

    assert reminders(app)[0][1:] == ("suppressed", "no consent to care messages by email: withdrawn")


@pytest.mark.slow
def test_nobody_is_reminded_of_what_was_imported_or_owed_before_whatever_is_set_later(app, clock, mailbox):
    settings_service.update(version=None, payment_reminder_days=[7])
    with as_actor(f"{IMPORT}old-program"):
        imported = an_invoice(somebody())
        paid = pay(imported, imported.total.minor)
    billing_service.reverse_payment(paid.id, reason="Bounced")
    billing_service.enter_opening_balance(somebody().id, side="owed", amount=euros(4500))
    settings_service.update(version=None, payment_reminder_days=[7, 21])

    pass_days(clock, PAYMENT_DAYS + 22, every=4)

    assert reminders(app) == [(7, "suppressed", "imported"), (21, "suppressed", "imported")]


@pytest.mark.slow
def test_nobody_is_reminded_whose_credit_is_enough_until_it_is_given_back(app, clock, mailbox):
    patient = somebody()
    an_invoice(patient)
    deposit = billing_service.take_payment(
        patient.id, amount=euros(5000), method="card", allocations=[], keep_credit=True
    )
    pass_days(clock, PAYMENT_DAYS + 8, every=3)
    before = reminders(app)
    billing_service.refund_payment(deposit.id, amount=euros(1), method="card", reason="goodwill")
    pass_days(clock, 14, every=2)

    enough = "the patient’s credit is enough for all that is to pay: use it for the invoice"
    assert before[0] == (7, "suppressed", enough)
    assert sent(app) == [21]


@pytest.mark.slow
def test_other_levels_plan_anew_what_is_still_to_come(app, clock):
    an_invoice()
    settings_service.update(version=None, payment_reminder_days=[14])

    pass_days(clock, 60, every=5)

    assert sent(app) == [14]
    assert {row for row in reminders(app) if row[0] != 14} == {
        (7, "suppressed", "the clinic's settings of messages were changed"),
        (21, "suppressed", "the clinic's settings of messages were changed"),
    }


@pytest.mark.slow
def test_a_level_that_is_added_later_is_sent_and_none_twice(app, clock):
    an_invoice()
    pass_days(clock, 18, every=6)
    settings_service.update(version=None, payment_reminder_days=[7, 21, 40])
    pass_days(clock, 50, every=5)

    assert sent(app) == [7, 21, 40]


@pytest.mark.slow
def test_another_time_zone_sends_no_level_twice(app, clock):
    an_invoice()
    pass_days(clock, 18, every=6)
    clinic_service.update(version=None, zone="America/New_York")
    pass_days(clock, 50, every=5)

    assert sent(app) == [7, 21]


class Account:
    """An invoice, what was done to it, and which reminders the rules ask for."""

    def __init__(self, chance):
        self.chance, self.invoice_id = chance, an_invoice().id
        self.payments, self.open_since = [], now()
        self.expected = []

    @property
    def invoice(self):
        db.session.expire_all()
        return billing_service.get(self.invoice_id)

    def act(self):
        """Do something with the invoice that its state allows, or nothing."""
        was_open = self.invoice.status == "issued"
        acts = [self.pay, self.reverse, self.credit, self.write_off, lambda: None, lambda: None, lambda: None]
        self.chance.choice(acts)()
        if not was_open and self.invoice.status == "issued":
            self.open_since = now()

    def pay(self):
        left = self.invoice.due.minor
        if self.invoice.status == "issued":
            self.payments.append(pay(self.invoice, self.chance.choice([left, left, max(1, left // 3)])).id)

    def reverse(self):
        if self.payments:
            billing_service.reverse_payment(self.payments.pop(), reason="mistake")

    def credit(self):
        if self.invoice.status == "issued" and not self.invoice.written_off_minor and self.chance.random() < 0.1:
            billing_service.credit_invoice(self.invoice_id, reason="goodwill")

    def write_off(self):
        if self.invoice.status == "issued" and self.chance.random() < 0.1:
            billing_service.write_off(self.invoice_id, reason="too small")

    def ask(self):
        """Add the level of today if the rules ask for it now."""
        for days in (7, 21):
            nine = datetime.combine(
                NOON.date() + timedelta(days=PAYMENT_DAYS + days), time(9), tzinfo=ZoneInfo("Europe/Lisbon")
            )
            is_due = nine.date() == now().date()
            if is_due and self.open_since < nine and self.invoice.status == "issued":
                self.expected.append(days)


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_to_an_invoice_what_was_sent_is_what_the_rules_say(app, clock, seed):
    account = Account(Random(seed))
    for _ in range(36):
        account.act()
        clock.shift(timedelta(days=1))
        account.act()
        account.ask()
        work()

    assert sent(app) == account.expected
