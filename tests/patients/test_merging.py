"""Two records of one patient are merged, with the records of every module, and the merge is undone."""

from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Select, event, select
from sqlalchemy.exc import OperationalError

from clinic.appointments.service import appointment_service
from clinic.billing.service import billing_service
from clinic.core.db import Base, db
from clinic.core.errors import InvalidInput, StaleVersion
from clinic.core.money import Money
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.models import Clinic
from clinic.notifications.models import Notification
from clinic.patients.merging.choices import Choices
from clinic.patients.service import (
    ConsentNotUndoable,
    MergeRefused,
    Patient,
    PatientMerged,
    PatientNotFound,
    UnmergeRefused,
    consent_service,
    duplicate_service,
    merge_service,
    note_service,
    patient_service,
    payer_of,
    recall_service,
    recipient_of,
    related_person_service,
)
from tests.billing.invoices import an_invoice
from tests.builders import MONDAY, a_patient, a_practitioner, an_appointment
from tests.databases import is_on_sqlite, on_postgresql_only
from tests.fixtures import Here, StoreOnce
from tests.patients.conftest import AtOnce

pytestmark = pytest.mark.usefixtures("inside")

DERIVED = {"patient_keys", "duplicate_pairs"}
"""Tables that are compared without the ids of their rows, which are made anew."""

GROWING = {"audit_entries", "events", "deliveries", "patient_merges", "counters"}
"""Tables to which merging and undoing it add rows, as to a log."""

LOGGED = {"version", "updated_at"}
"""Columns that say that a row was written."""


class Twice:
    """Somebody who is registered twice, with records in every module; holds their ids."""

    def __init__(self) -> None:
        one = a_patient(phone="+351912555014", language="pt")
        other = a_patient(
            given_name="Ines",
            phone="+351912555041",
            other_phones=[{"value": "+351222000111", "use": "home"}],
            identifiers=[{"type": "other", "value": "ADSE 114"}],
            former_names=[{"family_name": "Matos", "until": "2019"}],
        )
        self.one, self.other = one.id, other.id
        practitioner = a_practitioner()
        self.visit = an_appointment(other, practitioner).id
        an_appointment(one, practitioner, MONDAY.replace(hour=14))
        self.invoice = an_invoice(other).id
        billing_service.record_payment(self.invoice, amount=Money(1000, "EUR"), method="cash")
        note_service.create(self.other, text="Has a new insurance card")
        recall_service.create(self.other, due_on=date(2030, 5, 2), reason="Check-up")
        self.child = a_patient(family_name="Okafor", given_name="Tiago", birth_date="2018-09-09", email=None).id
        uncle = related_person_service.create(self.other, name="Rui", email="rui@example.org", roles=["contact"])
        related_person_service.end(related_person_service.create(self.other, name="Old", roles=["payer"]).id)
        mother = related_person_service.create(
            self.child, other_id=self.other, relationship="mother", roles=["guardian", "payer"]
        )
        self.relations = {uncle.id, mother.id}
        related_person_service.create(self.other, other_id=self.child, roles=["contact"])
        consent_service.record(self.one, {("news", "email"): True, ("reminders", "sms"): True}, source="phone")
        consent_service.record(self.other, {("news", "email"): False}, source="in-person")


@pytest.fixture
def twice(store_once: StoreOnce) -> Twice:
    return store_once(Twice)  # type: ignore[no-any-return]


def all_rows() -> dict[str, list[str]]:
    """Return every row of every table, but for what grows with each change."""
    return {name: sorted(map(repr, db.session.execute(query).all())) for name, query in _queries_of_rows().items()}


def stored_rows() -> dict[str, list[str]]:
    """Return the same rows as the driver reads them, in whatever form they are stored: that is a third of the work."""
    connection = db.session.connection()
    return {name: sorted(map(repr, connection.exec_driver_sql(query))) for name, query in _texts_of_rows().items()}


@cache
def _texts_of_rows() -> dict[str, str]:
    return {name: str(query) for name, query in _queries_of_rows().items()}


@cache
def _queries_of_rows() -> dict[str, Select[Any]]:
    found = {}
    for table in Base.metadata.sorted_tables:
        if table.name not in GROWING:
            left_out = LOGGED | ({"id", "found_at"} if table.name in DERIVED else set())
            found[table.name] = select(*(column for column in table.columns if column.name not in left_out))
    return found


@pytest.mark.slow
@pytest.mark.both_databases
def test_merging_moves_the_records_of_every_module(twice: Twice) -> None:
    merge = merge_service.merge(twice.one, twice.other)

    assert merge.counts == {
        "Notes": 1,
        "Related persons": 3,
        "Recalls": 1,
        "Names, contacts and numbers": 3,
        "Consent entries": 1,
        "Visits": 1,
        "Invoices": 1,
        "Payments": 1,
        "Messages": 2,
    }
    assert appointment_service.get(twice.visit).patient_id == twice.one
    assert billing_service.get(twice.invoice).patient_id == twice.one
    survivor = patient_service.get(twice.one)
    assert {row.value for row in survivor.details_of("phone")} == {"+351912555041", "+351222000111"}
    assert [note.text for note in note_service.list(twice.one).rows] == ["Has a new insurance card"]
    assert [recall.reason for recall in recall_service.open_of(twice.one)] == ["Check-up"]
    related = [one.role_text for one in related_person_service.relations(twice.one)]
    assert related == ["Contact person", "Guardian of, payer for", "Contact person"]
    child = patient_service.get(twice.child)
    recipient, payer = recipient_of(child), payer_of(child)
    assert recipient is not None
    assert recipient.email == "ines@example.org"
    assert payer is not None
    assert payer.other is not None
    assert payer.other.id == twice.one


@pytest.mark.slow
@pytest.mark.both_databases
def test_merging_and_undoing_it_leaves_the_same_rows(twice: Twice) -> None:
    before = all_rows()
    merge = merge_service.merge(twice.one, twice.other, choices=Choices(fields={"given_name": "merged"}))
    assert all_rows() != before

    merge_service.unmerge(merge.id)

    after = all_rows()
    assert {name for name in before if before[name] != after[name]} == set()


class Fault(Exception):
    """What a test lets a statement fail with."""


def failing_at(number: int, kinds: tuple[str, ...]) -> Any:
    """Return a listener that fails the statement of a number, counted from 0 among those of some kinds."""
    seen = {"count": 0, "failed": False}

    def fail(_connection: object, _cursor: object, statement: str, *_details: object) -> None:
        seen["count"] += statement.startswith(kinds)
        if seen["count"] > number:
            seen["failed"] = True
            raise Fault

    return fail, seen


@pytest.mark.slow
@pytest.mark.both_databases
@pytest.mark.parametrize("undoing", [False, True])
def test_a_fault_at_any_statement_leaves_everything_as_it_was(app: Flask, twice: Twice, undoing: bool) -> None:
    """On PostgreSQL only statements that write fail: a transaction is the same before a reading one."""
    kinds = ("",) if is_on_sqlite(app) else ("INSERT", "UPDATE", "DELETE")
    done = merge_service.merge(twice.one, twice.other) if undoing else None
    before, number = stored_rows(), 0

    while True:
        fail, seen = failing_at(number, kinds)
        event.listen(db.engine, "before_cursor_execute", fail)
        try:
            if done:
                merge_service.unmerge(done.id)
            else:
                merge_service.merge(twice.one, twice.other)
        except Fault:
            pass
        finally:
            event.remove(db.engine, "before_cursor_execute", fail)
        if not seen["failed"]:
            break
        db.session.rollback()
        assert stored_rows() == before, number
        number += 1
    assert number > 20


def test_overlapping_visits_are_named_and_refuse_the_merge(twice: Twice) -> None:
    an_appointment(patient_service.get(twice.one), a_practitioner("Dr Brandt"), MONDAY.replace(minute=15))

    preview = merge_service.preview(twice.one, twice.other)
    with pytest.raises(MergeRefused) as refused:
        merge_service.merge(twice.one, twice.other)

    assert [one.text for one in preview.obstacles] == refused.value.details["obstacles"]
    assert refused.value.details["obstacles"] == [
        "Mon 26 Nov 2029 09:15 with Dr Brandt and Mon 26 Nov 2029 09:00 with Dr Amara Okafor overlap"
    ]
    assert [one.text for one in preview.warnings] == [
        "Mon 26 Nov 2029 14:00 with Dr Amara Okafor and Mon 26 Nov 2029 09:00 with Dr Amara Okafor are on the same day;"
        " both stay"
    ]


@pytest.mark.slow
def test_the_stricter_answer_about_consent_holds(twice: Twice) -> None:
    merge_service.merge(twice.one, twice.other)

    assert not consent_service.state(twice.one, "news", "email").allowed
    assert consent_service.state(twice.one, "reminders", "sms").allowed
    assert len(consent_service.history(twice.one).rows) == 3


@pytest.mark.parametrize("agreed_last", [True, False])
def test_a_refusal_holds_whichever_record_stays(agreed_last: bool) -> None:
    one, other = a_patient(), a_patient()
    refused, agreed = (one, other) if agreed_last else (other, one)
    consent_service.record(refused.id, {("care", "email"): False}, source="phone")
    consent_service.record(agreed.id, {("care", "email"): True}, source="phone")

    merge_service.merge(one.id, other.id)

    assert not consent_service.state(one.id, "care", "email").allowed


@pytest.mark.slow
@pytest.mark.both_databases
def test_after_a_merge_an_answer_is_recorded_and_undone_to_what_held() -> None:
    one, other = a_patient(consent={("care", "email"): False}), a_patient(consent={("care", "email"): True})
    for agrees in (False, True):
        consent_service.record(other.id, {("care", "email"): agrees}, source="phone")
    merge_service.merge(one.id, other.id)

    for answer in ({("news", "email"): True}, {("news", "sms"): True}, {("care", "email"): True}):
        consent_service.record(one.id, answer, source="phone")
    assert consent_service.state(one.id, "care", "email").allowed
    consent_service.undo(one.id)

    assert not consent_service.state(one.id, "care", "email").allowed
    assert consent_service.state(one.id, "news", "sms").allowed


@pytest.mark.slow
def test_an_answer_from_before_a_merge_is_not_undone() -> None:
    one, other = a_patient(), a_patient(consent={("care", "email"): False})
    merge_service.merge(one.id, other.id)

    with pytest.raises(ConsentNotUndoable):
        consent_service.undo(one.id)
    assert not consent_service.state(one.id, "care", "email").allowed


@pytest.mark.slow
def test_nobody_is_messaged_and_the_second_welcome_is_not_sent(
    twice: Twice, published: list[tuple[str, dict[str, Any]]]
) -> None:
    before = set(db.session.scalars(select(Notification.id)))

    merge_service.merge(twice.one, twice.other)

    assert set(db.session.scalars(select(Notification.id))) == before
    assert published == [("patient.merged", {"patient_id": str(twice.one), "merged_patient_id": str(twice.other)})]


@pytest.mark.slow
def test_the_old_id_and_number_lead_to_the_survivor(twice: Twice) -> None:
    mrn = patient_service.get(twice.other).mrn
    merge_service.merge(twice.one, twice.other)

    assert patient_service.identify(mrn).id == twice.one
    assert patient_service.identify(str(twice.other)).id == twice.one
    assert [patient.id for patient in patient_service.search(mrn).rows] == [twice.one]
    assert {patient.id for patient in patient_service.list().rows} == {twice.one, twice.child}
    assert patient_service.get(twice.one).record_ids == [twice.one, twice.other]
    with pytest.raises(PatientMerged):
        patient_service.get(twice.other)


@pytest.mark.slow
def test_digits_find_others_beside_the_survivor_of_a_merged_number(twice: Twice) -> None:
    others = [a_patient(birth_date="1975-01-01", phone=None).id for _ in range(7)]
    merge_service.merge(twice.other, twice.one)

    assert [patient.id for patient in patient_service.search("1").rows] == [twice.other, others[-1]]
    first = patient_service.search("1", limit=1)
    assert [patient.id for patient in first.rows] == [twice.other]


@pytest.mark.slow
def test_nothing_new_goes_to_a_merged_record(twice: Twice) -> None:
    merged = patient_service.get(twice.other)
    merge_service.merge(twice.one, twice.other)

    with pytest.raises(InvalidInput):
        an_appointment(merged, starts_at=MONDAY.replace(hour=16))
    with pytest.raises(InvalidInput):
        an_invoice(merged)
    for change in (
        lambda: patient_service.update(twice.other, version=None, given_name="Rita"),
        lambda: note_service.create(twice.other, text="x"),
        lambda: consent_service.withdraw_all(twice.other),
        lambda: patient_service.archive(twice.other),
    ):
        with pytest.raises(PatientMerged):
            change()


@pytest.mark.slow
def test_pairs_of_a_merged_record_are_not_listed_and_come_back(twice: Twice) -> None:
    assert duplicate_service.counts()["to-decide"] == 1

    merge = merge_service.merge(twice.one, twice.other)
    assert duplicate_service.list().rows == []
    assert duplicate_service.counts()["to-decide"] == 0
    assert duplicate_service.candidates(family_name="Pereira", given_name="Inês", birth_date="1991-06-21")[
        0
    ].patient.id == (twice.one)

    merge_service.unmerge(merge.id)
    assert duplicate_service.counts()["to-decide"] == 1


@pytest.mark.slow
def test_an_issued_invoice_keeps_what_was_printed(twice: Twice) -> None:
    merge_service.merge(twice.one, twice.other)

    assert billing_service.get(twice.invoice).billed_to == {
        "family_name": "Pereira",
        "given_name": "Ines",
        "birth_date": "1991-06-21",
        "mrn": "P-000002",
        "address": None,
    }


def test_a_changed_visit_stands_in_the_way_of_undoing_and_is_named(twice: Twice) -> None:
    merge = merge_service.merge(twice.one, twice.other)
    appointment_service.cancel(twice.visit, reason="patient")

    with pytest.raises(UnmergeRefused) as refused:
        merge_service.unmerge(merge.id)

    assert refused.value.details["changed"] == [{"record": "appointments", "id": str(twice.visit)}]
    assert appointment_service.get(twice.visit).patient_id == twice.one


@pytest.mark.slow
def test_what_was_added_since_stays_with_the_survivor(twice: Twice) -> None:
    merge = merge_service.merge(twice.one, twice.other)
    new = an_appointment(patient_service.get(twice.one), starts_at=MONDAY.replace(day=28))
    patient_service.update(twice.one, version=None, pronouns="she/her")

    merge_service.unmerge(merge.id)

    assert appointment_service.get(new.id).patient_id == twice.one
    assert patient_service.get(twice.one).pronouns == "she/her"


def test_merges_are_undone_the_latest_first(twice: Twice) -> None:
    third = a_patient(family_name="Okafor", given_name="Ada", birth_date=None, email=None).id
    first = merge_service.merge(twice.one, twice.other)
    second = merge_service.merge(third, twice.one)

    assert patient_service.get(third).record_ids == [third, twice.one, twice.other]
    with pytest.raises(UnmergeRefused):
        merge_service.unmerge(first.id)
    merge_service.unmerge(second.id)
    merge_service.unmerge(first.id)

    assert patient_service.get(twice.other).given_name == "Ines"


def test_a_record_is_merged_once_and_not_with_itself(twice: Twice) -> None:
    with pytest.raises(PatientNotFound):
        merge_service.merge(twice.one, twice.one)
    with pytest.raises(StaleVersion):
        merge_service.merge(twice.one, twice.other, merged_version=9)
    merge_service.merge(twice.one, twice.other)
    with pytest.raises(PatientMerged):
        merge_service.merge(twice.one, twice.other)


@pytest.mark.slow
def test_each_field_and_contact_is_chosen(twice: Twice) -> None:
    choices = Choices(fields={"given_name": "merged"}, keep={"phone": ("merged",)})

    merge_service.merge(twice.one, twice.other, choices=choices)

    survivor = patient_service.get(twice.one)
    assert (survivor.given_name, survivor.phone, survivor.language) == ("Ines", "+351912555041", "pt")
    assert {row.value for row in survivor.details_of("phone")} == {"+351222000111"}


@pytest.mark.both_databases
@pytest.mark.slow
def test_two_merges_at_once_merge_once(app: Flask, clinic: Clinic, here: Here, at_once: AtOnce, twice: Twice) -> None:
    pairs = [(twice.one, twice.other), (twice.other, twice.one)] * 3
    db.session.rollback()

    outcomes = at_once(len(pairs), lambda number: merge_service.merge(*pairs[number]))

    assert sum(outcome is None for outcome in outcomes) == 1
    assert {type(outcome) for outcome in outcomes if outcome} == {PatientMerged}


@pytest.mark.both_databases
@pytest.mark.slow
@pytest.mark.row(79)
def test_a_booking_beside_a_merge_is_refused_or_moves(
    app: Flask, clinic: Clinic, here: Here, at_once: AtOnce, twice: Twice
) -> None:
    practitioner = a_practitioner("Dr Brandt")
    practitioner_id, other = practitioner.id, twice.other
    db.session.rollback()

    def act(number: int) -> None:
        if number == 0:
            merge_service.merge(twice.one, other)
        elif number == 1:
            patient_service.update(other, version=None, pronouns="she/her")
        else:
            appointment_service.create(
                patient_id=other,
                practitioner_id=practitioner_id,
                starts_at=MONDAY.replace(day=27, hour=number),
                ends_at=MONDAY.replace(day=27, hour=number, minute=30),
                overbook_reason="Written down later",
            )

    outcomes = at_once(8, act)

    assert outcomes[0] is None
    assert all(outcome is None or isinstance(outcome, PatientMerged | InvalidInput) for outcome in outcomes)
    assert _owners() == {twice.one}


def _owners() -> set[UUID]:
    appointments = Base.metadata.tables["appointments"].c
    return set(db.session.scalars(select(appointments.patient_id)))


@pytest.mark.slow
def test_the_merged_record_stays_as_it_was(twice: Twice) -> None:
    merge_service.merge(twice.one, twice.other)

    merged = db.session.get_one(Patient, twice.other)
    assert (merged.state, merged.merged_into_id, merged.given_name) == ("merged", twice.one, "Ines")


@pytest.mark.slow
@pytest.mark.parametrize("side", ["survivor", "merged"])
def test_a_day_of_death_holds_over_none_whatever_is_chosen(side: str) -> None:
    one, other = a_patient(), a_patient()
    patient_service.record_death(other.id, deceased_on=other.created_at.date())

    merge_service.merge(one.id, other.id, choices=Choices(fields={"deceased_on": side}))

    assert patient_service.get(one.id).deceased_on == other.created_at.date()


def test_what_was_active_is_active_and_found_after_merging_it_into_an_archived_record() -> None:
    one, other = a_patient(), a_patient()
    patient_service.archive(one.id)

    merge = merge_service.merge(one.id, other.id)

    assert patient_service.get(one.id).state == "active"
    assert [found.id for found in patient_service.search("Pereira").rows] == [one.id]
    merge_service.unmerge(merge.id)
    assert patient_service.get(one.id).state == "archived"
    assert [found.id for found in patient_service.search("Pereira").rows] == [other.id]


@pytest.mark.slow
@on_postgresql_only
@pytest.mark.both_databases
def test_a_patient_is_locked_until_the_unit_of_work_ends() -> None:
    patient_id = a_patient().id
    lock = select(Patient.id).where(Patient.id == patient_id).with_for_update(key_share=True, nowait=True)
    with unit_of_work():
        patient_service.lock(patient_id)

        with db.engine.connect() as other, pytest.raises(OperationalError):
            other.execute(lock)

    with db.engine.connect() as other:
        assert other.scalar(lock) == patient_id
