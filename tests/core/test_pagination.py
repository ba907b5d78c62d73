"""Lists in pages: a page announces another one only if there is a row after it."""

import pytest
from sqlalchemy import select

from clinic.core.db.pagination import paginate
from clinic.patients.service import Patient
from tests.builders import somebody

pytestmark = pytest.mark.usefixtures("inside")


def test_a_page_announces_another_only_if_a_row_follows() -> None:
    ids = [somebody().id for _ in range(3)]

    pages = {limit: paginate(select(Patient), [Patient.id], limit=limit) for limit in (2, 3, 4)}

    assert [one.id for one in pages[2].rows] == sorted(ids)[:2]
    assert [page.next_key is not None for page in pages.values()] == [True, False, False]


def test_the_next_page_begins_after_the_key() -> None:
    ids = sorted(somebody().id for _ in range(3))
    page = paginate(select(Patient), [Patient.id], limit=2)

    rest = paginate(select(Patient), [Patient.id], limit=2, after=page.next_key)

    assert [one.id for one in rest.rows] == ids[2:]
    assert rest.next_key is None
