"""What the filters of the audit trail refuse, with their messages."""

import pytest

from clinic.audit.schemas import AuditPageQuery, AuditQuery
from tests.schema_loading import problems

NO_DAY = "Enter a date like 2026-11-23"
NO_MOMENT = "Enter a date and time with its offset, like 2026-11-23T09:30:00+01:00"


@pytest.mark.parametrize(
    ("query", "pointer", "message"),
    [
        ({"patient_id": "P-000001"}, "#/patient_id", "Choose a patient"),
        ({"since": "yesterday"}, "#/since", NO_MOMENT),
        ({"before": "2029-11-26T09:00"}, "#/before", NO_MOMENT),
    ],
)
def test_an_invalid_filter_of_the_audit_trail_is_refused(query: dict[str, str], pointer: str, message: str) -> None:
    assert problems(AuditQuery(), query) == [(pointer, message)]


@pytest.mark.parametrize("field", ["since", "until"])
def test_an_invalid_day_of_the_audit_page_is_refused(field: str) -> None:
    assert problems(AuditPageQuery(), {field: "yesterday"}) == [(f"#/{field}", NO_DAY)]
