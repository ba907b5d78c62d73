"""The lists of a patient's record, and an age where no birth date is known."""

from datetime import date
from typing import Any

import pytest

from clinic.core.errors import StaleVersion
from clinic.patients.service import InvalidPatient, patient_service
from tests.assertions import rows
from tests.builders import a_patient, somebody

WORK: Any = {"value": "+351213456789", "use": "work", "valid_from": date(2026, 1, 1), "valid_until": None}
OLD: Any = {"value": "+351912555099", "use": "old", "valid_from": None, "valid_until": None}
LISTS: dict[str, Any] = {
    "former_names": [{"family_name": "Sousa", "until": "2019", "reason": "Marriage"}],
    "other_phones": [WORK, OLD],
    "identifiers": [{"type": "pt-nif", "value": "501442600"}],
}


@pytest.fixture
def patient(inside):
    """A patient with lists, and somebody else with others."""
    somebody(former_names=[{"family_name": "Noise"}])
    return somebody(phone="+351912555014", phone_use="mobile", **LISTS)


@pytest.mark.both_databases
def test_lists_are_stored_in_their_order(patient):
    found = patient_service.get(patient.id)

    assert [(one.value, one.use, one.valid_from) for one in found.other_phones] == [
        ("+351213456789", "work", date(2026, 1, 1)),
        ("+351912555099", "old", None),
    ]
    assert [(one.family_name, one.until, one.reason) for one in found.former_names] == [("Sousa", "2019", "Marriage")]
    assert found.version == 1


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_changed_list_gives_the_patient_one_new_version(patient):
    changed = patient_service.update(patient.id, version=1, given_name="Ana", other_phones=[OLD, WORK])

    assert [one.value for one in changed.other_phones] == [OLD["value"], WORK["value"]]
    assert changed.version == 2
    with pytest.raises(StaleVersion):
        patient_service.update(patient.id, version=1, identifiers=[])


def test_the_same_lists_change_nothing(app, patient):
    before = len(rows(app, "audit_entries"))

    assert patient_service.update(patient.id, version=1, **LISTS).version == 1
    assert len(rows(app, "audit_entries")) == before


def test_rows_that_stay_are_not_written_again(app, patient):
    kept = {row["id"] for row in rows(app, "patient_details") if row["value"] == OLD["value"]}

    patient_service.update(patient.id, version=1, other_phones=[OLD])

    after = [row for row in rows(app, "patient_details") if row["kind"] == "phone"]
    assert [(row["id"], row["position"]) for row in after] == [(next(iter(kept)), 0)]
    [gone] = [entry for entry in rows(app, "audit_entries") if entry["action"] == "deleted"]
    assert (gone["record"], gone["changes"]["value"]) == ("patient_details", [WORK["value"], None])
    assert gone["patient_id"] == patient.id


@pytest.mark.parametrize("empty", [None, []])
def test_an_empty_list_removes_all(app, patient, empty):
    patient_service.update(patient.id, version=None, former_names=empty, other_phones=empty, identifiers=empty)

    assert [row["family_name"] for row in rows(app, "patient_details")] == ["Noise"]


def test_using_another_phone_exchanges_the_two(app, patient):
    changed = patient_service.use_contact(patient.id, kind="phone", value=WORK["value"])

    assert (changed.phone, changed.phone_use) == (WORK["value"], "work")
    assert [(one.value, one.use) for one in changed.other_phones] == [
        ("+351912555014", "mobile"),
        (OLD["value"], "old"),
    ]
    assert changed.version == 2


def test_an_old_phone_that_is_used_is_old_no_more(patient):
    assert patient_service.use_contact(patient.id, kind="phone", value=OLD["value"]).phone_use is None


def test_the_first_email_that_is_used_leaves_no_other(inside):
    patient = a_patient(email=None, other_emails=[{"value": "ines@example.org", "use": "home"}])

    changed = patient_service.use_contact(patient.id, kind="email", value="ines@example.org")

    assert (changed.email, changed.email_use, changed.other_emails) == ("ines@example.org", "home", [])


@pytest.mark.parametrize(
    ("row", "words"),
    [({"value": "+351912555098"}, "no such other phone"), (OLD | {"valid_until": date(2026, 1, 1)}, "has a last day")],
)
def test_what_can_not_be_used_is_refused(inside, row, words):
    patient = a_patient(phone="+351912555014", other_phones=[row])

    with pytest.raises(InvalidPatient, match=words):
        patient_service.use_contact(patient.id, kind="phone", value=OLD["value"])


def test_the_use_of_a_phone_ends_with_the_phone(patient):
    assert patient_service.update(patient.id, version=1, phone=None).phone_use is None


@pytest.mark.slow
def test_an_age_has_the_day_on_which_it_was_given(inside, monkeypatch):
    monkeypatch.setattr("clinic.patients.record.today", lambda zone: date(2026, 11, 28))
    patient = a_patient(birth_date=None, estimated_age=40)

    assert patient.age_on == date(2026, 11, 28)
    kept = patient_service.update(patient.id, version=1, age_on=date(2025, 1, 1))
    assert (kept.estimated_age, kept.age_on) == (40, date(2025, 1, 1))
    assert patient_service.update(patient.id, version=2, estimated_age=41).age_on == date(2026, 11, 28)
    assert patient_service.update(patient.id, version=3, estimated_age=None).age_on is None


@pytest.mark.parametrize(
    ("fields", "words"), [({"estimated_age": 40}, "not both"), ({"age_on": date(2026, 1, 1)}, "Enter the age")]
)
def test_an_age_is_refused_beside_a_birth_date_and_a_day_without_an_age(inside, fields, words):
    patient = a_patient(birth_date="1991")

    with pytest.raises(InvalidPatient, match=words):
        patient_service.update(patient.id, version=1, **fields)


@pytest.mark.parametrize(
    "words", ["sousa", "213456789", "912555099", "501442600", "501 442 600", "ana@work.example", "pereira sousa"]
)
def test_a_patient_is_found_by_former_names_other_contacts_and_identifiers(inside, words):
    patient = a_patient(**LISTS, other_emails=[{"value": "ana@work.example"}])
    a_patient(family_name="Noise")

    assert [one.id for one in patient_service.search(words).rows] == [patient.id]


def test_what_is_gone_from_a_list_is_found_no_more(patient):
    patient_service.update(patient.id, version=1, other_phones=[], former_names=None)

    assert patient_service.search("sousa").rows == patient_service.search("213456789").rows == []
