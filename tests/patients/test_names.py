"""Names as typed: the family name is set off by weight on pages, and never by capitals."""

import pytest

from clinic.patients.service import Patient
from tests.assertions import element
from tests.builders import a_patient


@pytest.mark.parametrize(
    ("family_name", "given_name", "text"),
    [("de la Cruz", "Ana", "de la Cruz, Ana"), ("ẞmith", None, "ẞmith"), (None, "Madonna", "Madonna")],
)
def test_a_name_in_plain_text_is_as_it_was_typed(family_name: str | None, given_name: str | None, text: str) -> None:
    assert Patient(family_name=family_name, given_name=given_name).full_name == text


@pytest.mark.slow
def test_pages_set_off_the_family_name_by_weight(client, here):
    with here():
        patient = a_patient(family_name="de la <Cruz>", given_name="Ana")

    shown = "<b>de la &lt;Cruz&gt;</b>, Ana"
    assert f'<h1><span class="name">{shown}</span></h1>' in client.get(f"/patients/{patient.id}").text
    assert f'class="name" href="/patients/{patient.id}">{shown}</a>' in client.get("/patients").text
    assert "DE LA" not in element(client.get(f"/patients/{patient.id}/edit").text, "f-family_name")
