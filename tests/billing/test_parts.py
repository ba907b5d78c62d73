"""A part of a draft is billed to somebody else, such as an insurer: what is divided, kept, refused and audited."""

from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import text

from clinic.billing.part_rules import BAD_PERCENT, NO_SHARE, SAME_PAYER, TOO_SMALL, TWO_SHARES
from clinic.billing.payer_rules import NO_NAME
from clinic.billing.service import InvoiceNotDraft, NothingToSplit, PartIssued, billing_service
from clinic.core.db import db
from clinic.core.errors import Conflict, InvalidInput, StaleVersion
from clinic.core.money import Money
from clinic.patients.service import PatientArchived, merge_service, patient_service, related_person_service
from tests.billing.invoices import a_draft, a_line, a_seller, an_invoice, euros
from tests.billing.prices import a_tax, an_item
from tests.billing.split_drafts import INSURER, amounts_of, texts_of
from tests.builders import a_practitioner, an_appointment, somebody

EIGHTY: Any = {"payer": INSURER, "percent": Fraction(80)}


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_percentage_of_each_line_becomes_a_draft_of_another_payer(inside) -> None:
    draft = a_draft(lines=[a_line(6500, description="Annual check"), a_line(980, "2", "Bandage")])

    part = billing_service.split(draft.id, version=1, **EIGHTY)

    db.session.expire_all()
    assert (amounts_of(part), amounts_of(draft)) == ([5200, 1568], [1300, 392])
    assert texts_of(part) == ["Annual check, 80 % of 65,00\xa0€", "2 × Bandage, 80 % of 19,60\xa0€"]
    assert texts_of(draft) == ["Annual check, 20 % of 65,00\xa0€", "2 × Bandage, 20 % of 19,60\xa0€"]
    assert (part.payer_name, part.part_of_id, part.patient_id) == ("Médis Seguros", draft.id, draft.patient_id)
    assert (part.total, draft.total, draft.version, draft.payer_kind) == (euros(6768), euros(1692), 2, "patient")


def test_an_amount_is_the_total_of_the_part_with_tax(inside) -> None:
    a_seller(prices_include_tax=False)
    line = a_line(5000) | {"tax_rate_id": a_tax("23").id}
    draft = a_draft(lines=[line])

    part = billing_service.split(draft.id, payer=INSURER, amount=euros(5200))

    assert (part.total, amounts_of(part), amounts_of(draft)) == (euros(5200), [4228], [772])
    assert texts_of(part) == texts_of(draft) == ["Consultation, part of 50,00\xa0€"]


@pytest.mark.slow
def test_a_line_keeps_its_item_tax_and_visit_and_an_empty_share_stays_behind(inside) -> None:
    patient = somebody()
    visit = an_appointment(patient, a_practitioner())
    tax = a_tax("6")
    item = an_item(6500, code="2110", label="Mole check", tax=tax)
    priced: Any = {"item_id": item.id, "quantity": Fraction(1), "appointment_id": visit.id}
    draft = billing_service.create(patient_id=patient.id, appointment_id=visit.id, lines=[priced, a_line(0)])

    part = billing_service.split(draft.id, **EIGHTY)

    (line,) = part.lines
    kept = (line.item_id, line.code, line.tax_rate_id, line.tax_thousandths, line.appointment_id)
    assert kept == (item.id, "2110", tax.id, 6000, visit.id)
    assert part.appointment_id == visit.id
    assert texts_of(draft) == ["Mole check, 20 % of 65,00\xa0€", "Consultation"]


def test_a_draft_is_split_again_and_a_part_too(inside) -> None:
    draft = a_draft()
    first = billing_service.split(draft.id, **EIGHTY)

    second = billing_service.split(draft.id, payer=INSURER | {"name": "Vela Lda."}, amount=euros(400))
    third = billing_service.split(first.id, payer={"kind": "other", "name": "Sanitas"}, percent=Fraction(50))

    assert [amounts_of(one) for one in (draft, first, second, third)] == [[600], [2000], [400], [2000]]
    links = billing_service.part_links(first)
    assert (links.whole, links.parts) == (draft, [third])
    assert billing_service.part_links(draft).parts == [first, second]
    assert billing_service.audit() == []


def test_what_can_not_be_split_is_refused_in_words(inside) -> None:
    draft, issued, free = a_draft(), an_invoice(), a_draft(lines=[a_line(0)])
    gone = somebody()
    of_gone = a_draft(gone)
    patient_service.archive(gone.id)

    for invoice, error in [(issued, InvoiceNotDraft), (free, NothingToSplit), (of_gone, PatientArchived)]:
        with pytest.raises(error):
            billing_service.split(invoice.id, **EIGHTY)
    with pytest.raises(StaleVersion):
        billing_service.split(draft.id, version=7, **EIGHTY)
    assert amounts_of(draft) == [5000]


@pytest.mark.parametrize(
    ("share", "field", "message"),
    [
        ({}, "percent", NO_SHARE),
        ({"percent": Fraction(80), "amount": euros(100)}, "percent", TWO_SHARES),
        ({"percent": Fraction(0)}, "percent", BAD_PERCENT),
        ({"percent": Fraction(-5)}, "percent", BAD_PERCENT),
        ({"percent": Fraction(100)}, "percent", BAD_PERCENT),
        ({"percent": Fraction(1, 3)}, "percent", BAD_PERCENT),
        ({"percent": Fraction(1, 1000)}, "percent", TOO_SMALL),
        ({"amount": euros(0)}, "amount", "Enter an amount above zero and below 50,00\xa0€, which is the total"),
        ({"amount": euros(5000)}, "amount", "Enter an amount above zero and below 50,00\xa0€, which is the total"),
        ({"amount": Money(100, "USD")}, "amount", "Enter the amount in EUR"),
    ],
)
def test_a_part_of_another_size_is_refused_together_with_its_payer(inside, share, field, message) -> None:
    draft = a_draft()
    nameless: Any = {"kind": "other"}

    with pytest.raises(InvalidInput) as error:
        billing_service.split(draft.id, payer=nameless, **share)

    assert error.value.problems == {"payer": {"name": [NO_NAME]}, field: [message]}
    assert (amounts_of(draft), billing_service.part_links(draft).parts) == ([5000], [])


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_merge_is_not_undone_once_a_moved_draft_is_split(inside) -> None:
    survivor, twin = somebody(), somebody()
    draft = a_draft(twin)
    merge_id = merge_service.merge(survivor.id, twin.id).id
    part = billing_service.split(draft.id, **EIGHTY)

    with pytest.raises(Conflict):
        merge_service.unmerge(merge_id)

    assert part.patient_id == survivor.id
    assert billing_service.audit() == []


def test_a_part_that_leaves_nothing_of_the_draft_is_refused(inside) -> None:
    draft = a_draft(lines=[a_line(1)])

    with pytest.raises(InvalidInput) as error:
        billing_service.split(draft.id, payer=INSURER, percent=Fraction(50))

    assert error.value.problems == {"percent": [TOO_SMALL]}


@pytest.mark.slow
def test_the_payer_of_the_draft_can_not_pay_the_part_as_well(inside) -> None:
    patient = somebody()
    person = related_person_service.create(patient.id, roles=["payer"], name="Karin Janssen")
    own: Any = {"kind": "related_person", "related_person_id": person.id}
    typed: Any = {"kind": "other", "name": "MEDIS seguros"}
    cases: list[Any] = [(own, own, True), (INSURER, typed, True), (INSURER, typed | {"tax_number": "1"}, False)]
    cases += [({"kind": "patient"}, {"kind": "patient"}, True), (own, {"kind": "patient"}, False)]

    for first, second, refused in cases:
        draft = billing_service.create(patient_id=patient.id, lines=[a_line()], payer=first)
        try:
            billing_service.split(draft.id, payer=second, percent=Fraction(80))
            found = None
        except InvalidInput as error:
            found = error.problems
        assert found == ({"payer": [SAME_PAYER]} if refused else None), (first, second)


@pytest.mark.both_databases
def test_deleting_one_of_two_drafts_leaves_the_other(inside) -> None:
    draft, other = a_draft(), a_draft()
    part, second = billing_service.split(draft.id, **EIGHTY), billing_service.split(other.id, **EIGHTY)

    billing_service.delete(draft.id, version=None)
    billing_service.delete(second.id, version=None)

    db.session.expire_all()
    assert (billing_service.get(part.id).part_of_id, amounts_of(part)) == (None, [4000])
    assert amounts_of(other) == [1000]
    assert billing_service.audit() == []


@pytest.mark.both_databases
def test_a_draft_of_which_a_part_is_issued_stays(inside) -> None:
    draft = a_draft()
    part = billing_service.issue(billing_service.split(draft.id, **EIGHTY).id)

    with pytest.raises(PartIssued) as error:
        billing_service.delete(draft.id, version=None)

    assert str(part.number) in error.value.message
    assert billing_service.get(part.id).part_of_id == draft.id


def test_a_duplicate_is_a_part_of_nothing(inside) -> None:
    part = billing_service.split(a_draft().id, **EIGHTY)

    copy = billing_service.duplicate(part.id)

    assert (copy.part_of_id, copy.total) == (None, part.total)
    assert billing_service.part_links(part).parts == []


@pytest.mark.slow
def test_no_event_is_published_and_both_are_issued_and_paid(inside, published) -> None:
    draft = a_draft()
    part = billing_service.split(draft.id, **EIGHTY)
    before = list(published)

    for one in (part, draft):
        billing_service.issue(one.id)
        billing_service.record_payment(one.id, amount=one.total, method="card")

    assert before == []
    assert [name for name, _ in published if name == "invoice.issued"] == ["invoice.issued"] * 2
    assert billing_service.audit() == []


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("part_of_id = id", "it is a part of itself"),
        ("currency = 'USD'", "which is of another currency"),
        ("patient_id = (SELECT max(id) FROM patients)", "which is of another patient"),
    ],
)
def test_an_audit_names_a_broken_link(inside, damage: str, words: str) -> None:
    part_id = billing_service.split(a_draft().id, **EIGHTY).id
    somebody()
    db.session.remove()
    largest = "SELECT id FROM patients ORDER BY id DESC LIMIT 1"
    with db.engine.begin() as connection:
        statement = damage.replace("SELECT max(id) FROM patients", largest)
        connection.execute(text(f"UPDATE invoices SET {statement} WHERE part_of_id IS NOT NULL"))

    found = [one for one in billing_service.audit() if one.check == "part-of-invoice"]

    assert [(one.record_id, words in one.text) for one in found] == [(part_id, True)]
