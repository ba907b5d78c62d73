"""The demo's billing shows invoices in every state, and its accounts are right."""

import random
from collections import Counter
from datetime import timedelta

import pytest

from clinic.billing.service import billing_service, price_list
from clinic.core.clock import today
from clinic.core.context import as_actor
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.operations.demo_billing import EARLIER_INVOICES, INVOICES, fill_invoices, fill_price_list
from clinic.operations.demo_data import ACTOR
from clinic.operations.demo_schedule import DoneVisit
from clinic.patients.service import patient_service
from tests.databases import on_sqlite_only


@on_sqlite_only
@pytest.mark.slow
@pytest.mark.usefixtures("inside")
def test_there_are_invoices_in_every_state_and_the_accounts_are_right() -> None:
    with as_actor(ACTOR):
        with unit_of_work():
            patients = [
                patient_service.create(family_name=f"Person {number}", address="Rua 1\n1000 Lisboa")
                for number in range(INVOICES)
            ]
        fill_price_list()
        visits = [DoneVisit(one.id, "Follow-up") for one in patients]
        fill_invoices(random.Random(1), patients, visits)
        found = billing_service.list(limit=INVOICES).rows
        present = today(clinic_service.current().zone)

    assert len(found) == INVOICES
    standings = Counter(invoice.standing for invoice in found)
    assert {"draft", "open", "part paid", "paid", "credited"} <= set(standings)
    days = [invoice.issued_on for invoice in found if invoice.issued_on]
    assert max(days) - min(days) > timedelta(2 * EARLIER_INVOICES)
    assert [one.standing for one in found if one.due_on and one.due_on < present and one.due.minor]
    assert all(item.price_on(present) for item in price_list.active())
    assert billing_service.audit() == []
