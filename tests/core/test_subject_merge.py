"""What merging has changed is restored with the values that the row had."""

from typing import Any

import pytest

from clinic.billing.service import billing_service
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.subject_merge import change_rows, restore_row
from clinic.core.unit_of_work import unit_of_work
from tests.billing.invoices import an_invoice, euros

CHANGED: dict[str, Any] = {"received_at": None, "reference": "TX 4711", "invoice_id": None, "tendered_minor": 6000}


@pytest.mark.both_databases
@pytest.mark.usefixtures("inside")
def test_instants_texts_ids_and_numbers_are_restored() -> None:
    invoice = an_invoice()
    payment = billing_service.record_payment(invoice.id, amount=euros(5000), method="cash", tendered=euros(5500))
    before = {name: getattr(payment, name) for name in CHANGED}

    with unit_of_work():
        (change,) = change_rows([payment], lambda _: CHANGED | {"received_at": now()})
    changed = {name: getattr(payment, name) for name in CHANGED}
    with unit_of_work():
        restore_row(change, payment)

    db.session.expire_all()
    assert all(changed[name] != before[name] for name in CHANGED)
    assert {name: getattr(payment, name) for name in CHANGED} == before
