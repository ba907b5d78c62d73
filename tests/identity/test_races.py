"""What is done with one account at the same time: nobody waits for somebody who waits for them."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask

from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.models import Clinic, StaffMail
from clinic.identity.self_service import LinkExpired, self_service
from clinic.identity.sessions import Session, session_service, token_hash
from clinic.identity.two_factor import two_factor_service
from tests.assertions import rows
from tests.concurrency import run_at_once
from tests.databases import on_postgresql_only
from tests.fixtures import Here
from tests.staff.login_helpers import OTHER_PASSWORD, PASSWORD

pytestmark = [on_postgresql_only, pytest.mark.both_databases]

ROUNDS = 12


@pytest.fixture
def sign_in(here: Here, clinic: Clinic, person: UUID) -> Callable[[], str]:
    """Start a session of the person and return its token."""
    return lambda: session_service.start(person, clinic.id, address="192.0.2.1", agent="test")


def of(token: str) -> Session:
    """Return the session of a token."""
    found = session_service.find(token)
    assert found
    return found


def a_link(member_id: UUID, clinic_id: UUID, token: str) -> None:
    """Store a link to set a password, as if it had been sent."""
    with unit_of_work():
        link = {"token_hash": token_hash(token), "expires_at": now() + timedelta(hours=1), "state": "sent"}
        db.session.add(StaffMail(kind="reset", member_id=member_id, clinic_id=clinic_id, **link))


def using(beginning: str, new: Sequence[str]) -> Callable[[int], None]:
    """Return how the link of a number sets the new password of that number."""
    return lambda number: self_service.set_password_by_link(f"{beginning}{number}", new[number])


def test_of_two_links_of_a_person_used_at_once_one_sets_the_password(
    app: Flask, clinic: Clinic, here: Here, person: UUID
) -> None:
    new = [OTHER_PASSWORD, "eleven silver herrings"]
    outcomes: list[Exception | None] = []

    for turn in range(ROUNDS):
        with here():
            for number in range(2):
                a_link(person, clinic.id, f"{turn}-{number}")
        outcomes += run_at_once(app, clinic.id, 2, using(f"{turn}-", new))

    kinds = Counter(type(outcome) for outcome in outcomes)
    assert kinds == {type(None): ROUNDS, LinkExpired: ROUNDS}


@pytest.mark.slow
def test_recovery_codes_renewed_twice_at_once_are_ten(
    app: Flask, clinic: Clinic, here: Here, sign_in: Callable[[], str]
) -> None:
    def renew(_number: int) -> None:
        two_factor_service.new_recovery_codes(of(sign_in()), present=PASSWORD, show=str)

    for _ in range(4):
        assert run_at_once(app, clinic.id, 2, renew) == [None, None]
        assert len(rows(app, "recovery_codes")) == 10
