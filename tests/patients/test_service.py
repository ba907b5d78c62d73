"""The register of patients as other modules know it."""

from uuid import uuid4

import pytest

from clinic.core.context import as_actor
from clinic.core.errors import StaleVersion
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.service import InvalidPatient, PatientNotFound, patient_service
from tests.assertions import row_counts, rows, stored_events
from tests.builders import a_patient

pytestmark = pytest.mark.usefixtures("inside")


def test_registering_stores_what_was_entered():
    patient = patient_service.create(
        family_name="Nguyễn", given_name="Thị Hồng", birth_date="1991-06", sex="female", phone="+351912555014"
    )

    stored = patient_service.get(patient.id)
    assert (stored.family_name, stored.given_name, stored.birth_date) == ("Nguyễn", "Thị Hồng", "1991-06")
    assert (stored.sex, stored.phone, stored.version) == ("female", "+351912555014", 1)


def test_sex_is_unknown_unless_it_is_entered():
    assert patient_service.create(given_name="Robin").sex == "unknown"


def test_registering_publishes_exactly_two_ids(app, published):
    patient = a_patient()

    data = {"patient_id": str(patient.id), "clinic_id": str(patient.clinic_id)}
    assert published == [("patient.created", data)]
    assert stored_events(app, "patient.created") == [data]


def test_the_stored_event_shows_who_acted_and_whom_it_is_about(app):
    with as_actor("cli:rita@desk", request_id="r-17"):
        patient = a_patient()

    [event] = rows(app, "events")
    assert (event["actor"], event["request_id"]) == ("cli:rita@desk", "r-17")
    assert (event["patient_id"], event["subject_version"]) == (patient.id, 1)


@pytest.mark.parametrize(
    "names", [{}, {"family_name": None, "given_name": None}, {"family_name": "", "given_name": ""}]
)
def test_somebody_without_any_name_is_not_registered(app, names):
    before = row_counts(app)

    with pytest.raises(InvalidPatient) as refused:
        patient_service.create(birth_date="1991", **names)

    assert refused.value.problems == {"family_name": ["Enter the family name or the given name"]}
    assert row_counts(app) == before


@pytest.mark.parametrize("name", [{"family_name": "Pelé"}, {"given_name": "Pelé"}])
def test_one_name_is_enough(name):
    assert patient_service.create(**name).calling_name == "Pelé"


def test_what_fails_after_the_patient_was_added_leaves_nothing_behind(app):
    before = row_counts(app)

    with pytest.raises(ZeroDivisionError), unit_of_work():
        a_patient()
        _ = 1 / 0

    assert row_counts(app) == before
    assert a_patient().mrn == "P-000001"


def test_an_unknown_id_is_no_patient():
    with pytest.raises(PatientNotFound):
        patient_service.get(uuid4())


def test_a_patient_of_another_clinic_is_no_patient_here(here, other_clinic):
    with here(other_clinic.id):
        theirs = a_patient()

    for look in (lambda: patient_service.get(theirs.id), lambda: patient_service.update(theirs.id, version=1)):
        with pytest.raises(PatientNotFound):
            look()
    assert patient_service.get_many([theirs.id]) == {}


def test_a_patient_is_identified_by_number_in_any_case_and_by_id():
    patient = a_patient()

    for name in ("P-000001", "p-000001", str(patient.id)):
        assert patient_service.identify(name).id == patient.id


@pytest.mark.breadth
@pytest.mark.parametrize("name", ["P-000002", "2", "", "%", "P-00000_", "\udcff", "\x00", "٣"])
def test_what_names_nobody_identifies_nobody(name):
    a_patient()

    with pytest.raises(PatientNotFound):
        patient_service.identify(name)


def test_several_patients_are_fetched_at_once():
    first, second, _noise = a_patient(), a_patient(), a_patient()

    assert patient_service.get_many([first.id, second.id, uuid4()]).keys() == {first.id, second.id}


def test_updating_changes_what_is_given_and_counts_the_version():
    patient = a_patient(phone="+351912555014")

    changed = patient_service.update(patient.id, version=1, family_name="Sousa")

    assert (changed.family_name, changed.given_name, changed.phone) == ("Sousa", "Inês", "+351912555014")
    assert changed.version == 2
    assert changed.updated_at > changed.created_at


def test_updating_an_old_version_is_refused_and_changes_nothing():
    patient = a_patient()
    patient_service.update(patient.id, version=1, family_name="Sousa")

    with pytest.raises(StaleVersion):
        patient_service.update(patient.id, version=1, family_name="Lopes")

    assert patient_service.get(patient.id).family_name == "Sousa"


def test_a_patient_can_not_lose_the_last_name():
    patient = patient_service.create(family_name="Pelé", email="pele@example.org")

    with pytest.raises(InvalidPatient):
        patient_service.update(patient.id, version=1, family_name=None)

    assert patient_service.get(patient.id).family_name == "Pelé"


def test_updating_publishes_that_a_patient_was_updated_if_anything_changes(published):
    patient = a_patient()

    patient_service.update(patient.id, version=1, family_name="Pereira", former_names=[])
    patient_service.update(patient.id, version=1, family_name="Sousa")

    assert published[1:] == [("patient.updated", {"patient_id": str(patient.id)})]


def test_one_of_several_updates_of_the_same_version_wins(app, at_once):
    patient_id = a_patient().id

    def rename(number):
        patient_service.update(patient_id, version=1, family_name=f"Name {number}")

    outcomes = at_once(4, rename)

    assert [type(outcome) for outcome in outcomes if outcome is not None] == [StaleVersion] * 3
    assert [row["version"] for row in rows(app, "patients")] == [2]
