"""Addresses to which a person may be redirected after signing in."""

from collections.abc import Iterator

import pytest
from flask import Flask

from clinic import create_app
from clinic.staff.pages.redirects import safe_next
from tests.staff.login_helpers import NOT_OURS


@pytest.fixture(scope="module")
def routes(instance) -> Flask:
    """An application for its routes alone; its database is never opened."""
    return create_app({"TESTING": True, "INSTANCE_PATH": instance, "SECRET_KEY": "test" * 10})


@pytest.fixture
def request_context(routes: Flask) -> Iterator[None]:
    with routes.test_request_context():
        yield


@pytest.mark.slow
@pytest.mark.row(59)
@pytest.mark.parametrize("wanted", [*NOT_OURS, "", None], ids=lambda wanted: ascii(wanted)[:40])
@pytest.mark.usefixtures("request_context")
def test_an_address_that_is_not_a_page_of_ours_leads_to_the_start(wanted: str | None) -> None:
    assert safe_next(wanted) == "/"


@pytest.mark.slow
@pytest.mark.row(59)
@pytest.mark.parametrize("wanted", ["/patients", "/patients?q=ana*(b)", "/appointments?day=2029-11-26", "/account"])
@pytest.mark.usefixtures("request_context")
def test_a_page_of_ours_is_redirected_to(wanted: str) -> None:
    assert safe_next(wanted) == wanted


@pytest.mark.slow
@pytest.mark.row(59)
@pytest.mark.usefixtures("request_context")
def test_other_characters_than_those_of_a_url_are_quoted() -> None:
    assert safe_next("/patients?q=Inês\\\r\n") == "/patients?q=In%C3%AAs%5C%0D%0A"
