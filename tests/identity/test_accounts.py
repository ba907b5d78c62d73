"""Keys by which accounts are found."""

import pytest

from clinic.identity.accounts import email_key


@pytest.mark.parametrize(
    "typed",
    ["ana@example.org", " Ana@Example.org ", "\u202aana@example.org\u202c", "ana@exam\u00adple.org\u200b"],
    ids=ascii,
)
def test_an_account_is_found_by_its_address_without_case_and_invisible_marks(typed: str) -> None:
    assert email_key(typed) == "ana@example.org"


@pytest.mark.parametrize("typed", ["ana\x00@example.org", "\ud800", "a" * 1001], ids=ascii)
def test_what_no_account_can_have_has_no_key(typed: str) -> None:
    assert email_key(typed) == ""
