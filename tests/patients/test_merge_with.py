"""From a patient's page to the comparison with another record, which is found as everywhere."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from clinic.appointments.service import appointment_service
from clinic.core.clock import now
from tests.assertions import spoken
from tests.builders import a_patient, a_practitioner
from tests.fixtures import Become, Here, StoreOnce
from tests.statements import counted_statements, of_rows


def _register_twice() -> tuple[UUID, UUID]:
    one, other = a_patient().id, a_patient(given_name="Ines", phone="+351912555041").id
    start = now()
    end = start + timedelta(minutes=30)
    appointment_service.walk_in(
        patient_id=one, practitioner_id=a_practitioner().id, starts_at=start, ends_at=end, overbook_reason="Came"
    )
    return one, other


@pytest.fixture
def two(store_once: StoreOnce) -> tuple[UUID, UUID]:
    """Two records of one patient, the first with a visit."""
    return store_once(_register_twice)  # type: ignore[no-any-return]


@pytest.mark.slow
def test_the_menu_of_a_patient_leads_to_the_form(client: Any, two: Any, become: Become) -> None:
    url = f"/patients/{two[0]}"
    assert f'href="{url}/merge"' in client.get(url).text
    assert "May be the same person" in client.get(f"{url}/merge").text

    become("receptionist", "patients:merge")

    assert f"{url}/merge" not in client.get(url).text
    assert client.get(f"{url}/merge").status_code == 403


@pytest.mark.parametrize("text", ["P-000002", "2", "Ines+Pereira", "912555041"])
def test_what_finds_one_other_record_leads_to_the_comparison(client: Any, here: Here, two: Any, text: str) -> None:
    answer = client.get(f"/patients/{two[0]}/merge?other={text}")

    if answer.status_code == 422:  # a name without its accent finds both: the form asks which
        assert f'href="/patients/{two[0]}/merge/{two[1]}"' in answer.text
    else:
        assert answer.location == f"/patients/{two[0]}/merge/{two[1]}"


@pytest.mark.parametrize(("text", "error"), [("1", "This is the same record"), ("Nobody", "No patient matches")])
def test_no_other_record_is_an_error_at_the_field(client: Any, two: Any, text: str, error: str) -> None:
    answer = client.get(f"/patients/{two[0]}/merge?other={text}")

    assert answer.status_code == 422
    assert 'href="#f-other"' in answer.text
    assert error in answer.text


def test_duplicates_and_the_comparison_show_the_visits_of_both(app: Any, client: Any, two: Any, become: Become) -> None:
    list_, compared = "/patients/duplicates", f"/patients/{two[0]}/merge/{two[1]}"

    for url in (list_, compared):
        with counted_statements(app) as statements:
            page = spoken(client.get(url).text)
        assert "1 visit, last" in page
        assert "no visits; registered" in page
        assert len(of_rows(statements)) <= 12

    become("manager", "appointments:read")
    assert "visits" not in spoken(client.get(list_).text).partition("This record")[2]
