"""The record that remains is found by the names and the numbers of those that were merged into it."""

import pytest

from clinic.patients.service import merge_service, patient_service
from tests.assertions import spoken
from tests.builders import a_patient


def found_by(*queries):
    return {query: [one.id for one in patient_service.search(query).rows] for query in queries}


@pytest.mark.slow
@pytest.mark.both_databases
def test_the_names_that_were_not_chosen_find_the_survivor_until_the_merge_is_undone(inside):
    survivor = a_patient(family_name="Pereira", given_name="Ana").id
    merged = a_patient(family_name="Zamora", given_name="Ana", former_names=[{"family_name": "Quintal"}]).id
    queries = ("zamora", "pereira zamora", "quintal", "zamroa", "P-2")

    merge = merge_service.merge(survivor, merged)
    after = found_by(*queries)
    merge_service.unmerge(merge.id)

    assert after == {query: [survivor] for query in queries}
    assert found_by(*queries) == {query: [] if query == "pereira zamora" else [merged] for query in queries}


@pytest.mark.slow
@pytest.mark.both_databases
def test_the_names_of_records_merged_one_after_the_other_stay_through_a_change_and_a_new_index(inside):
    first, second, third = (a_patient(family_name=name).id for name in ("Zamora", "Quintal", "Pereira"))
    merge_service.merge(second, first)
    merge_service.merge(third, second)

    patient_service.update(third, version=None, phone="+351912555014")

    assert found_by("zamora", "quintal") == {"zamora": [third], "quintal": [third]}
    assert [*patient_service.reindex()][-1].written == 0


def test_the_merged_name_is_the_reason_on_the_second_line(client, here):
    with here():
        survivor, merged = (a_patient(family_name=name).id for name in ("Pereira", "Zamora"))
        merge_service.merge(survivor, merged)

    page = client.get("/patients?q=zam").text

    assert "merged P-000002: <mark>Zam</mark>ora" in page
    assert "merged P-000002:" in spoken(client.get("/patients?q=P-2").text)
