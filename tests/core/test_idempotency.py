"""Idempotency keys: the claim, the answer and their end belong to the transaction of the change."""

from datetime import timedelta

import pytest
import time_machine

from clinic.core.clock import now
from clinic.core.idempotency import (
    RETENTION,
    Answer,
    Claim,
    IdempotencyKeyReused,
    Replay,
    claim_key,
    find_answer,
    forget_expired,
    hash_of,
    is_key,
    store_answer,
)
from clinic.core.unit_of_work import enclosing_unit_of_work, unit_of_work
from clinic.patients.service import InvalidPatient, patient_service

CLAIM = Claim("a" * 64, "b" * 64)
CREATED = Answer(201, [["Location", "/there"]], "body", [["message", "Saved"]])


def carry_out(claim: Claim = CLAIM, answer: Answer = CREATED) -> None:
    with unit_of_work():
        claim_key(claim)
        store_answer(claim, answer)


@pytest.mark.row(73)
@pytest.mark.parametrize("text", ["", "x" * 15, "x" * 256, "é" * 16, "x" * 16 + "\n", "x" * 8 + "\t" * 8])
def test_a_key_is_printable_and_neither_short_nor_long(text: str) -> None:
    assert not is_key(text)
    assert is_key("x" * 16)
    assert is_key("x" * 255)


def test_a_hash_does_not_depend_on_the_order_of_names_and_separates_its_parts() -> None:
    assert hash_of({"a": 1, "b": 2}) == hash_of({"b": 2, "a": 1})
    assert hash_of("ab", "c") != hash_of("a", "bc")


@pytest.mark.both_databases
def test_a_claimed_key_replays_the_stored_answer(inside) -> None:
    carry_out()

    with pytest.raises(Replay) as replay, unit_of_work():
        claim_key(CLAIM)

    assert replay.value.answer == CREATED
    assert find_answer(CLAIM) == CREATED


def test_a_key_claimed_for_another_request_is_refused(inside) -> None:
    carry_out()
    other = Claim(CLAIM.id, "c" * 64)

    with pytest.raises(IdempotencyKeyReused):
        find_answer(other)
    with pytest.raises(IdempotencyKeyReused), unit_of_work():
        claim_key(other)


def test_a_failure_rolls_back_the_claim(inside) -> None:
    with pytest.raises(ZeroDivisionError), unit_of_work():
        claim_key(CLAIM)
        1 / 0  # noqa: B018

    assert find_answer(CLAIM) is None


@pytest.mark.row(73)
def test_keys_are_kept_for_a_day_and_then_deleted(inside) -> None:
    carry_out()

    with time_machine.travel(now() + RETENTION - timedelta(minutes=1)):
        kept = forget_expired(), find_answer(CLAIM)
    with time_machine.travel(now() + RETENTION + timedelta(minutes=1)):
        deleted = forget_expired(), find_answer(CLAIM)

    assert kept == (0, CREATED)
    assert deleted == (1, None)


@pytest.mark.both_databases
def test_an_enclosing_unit_of_work_commits_what_is_done_inside_together(inside, published) -> None:
    with pytest.raises(ZeroDivisionError), enclosing_unit_of_work(lambda: claim_key(CLAIM)):
        patient_service.create(family_name="Silva")
        patient_service.create(family_name="Costa")
        1 / 0  # noqa: B018

    assert patient_service.list().rows == []
    assert find_answer(CLAIM) is None
    assert published == []


@pytest.mark.both_databases
def test_an_enclosing_unit_of_work_goes_on_after_a_failure_inside(inside, published) -> None:
    with enclosing_unit_of_work(lambda: claim_key(CLAIM)) as unit:
        with pytest.raises(InvalidPatient):
            patient_service.create()
        was_open = unit.is_open
        patient_service.create(family_name="Costa")
        store_answer(CLAIM, CREATED)
        before_the_commit = list(published)

    assert (was_open, unit.is_open, before_the_commit) == (False, True, [])
    assert [patient.family_name for patient in patient_service.list().rows] == ["Costa"]
    assert find_answer(CLAIM) == CREATED
    assert [name for name, _ in published] == ["patient.created"]
