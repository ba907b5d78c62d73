"""Entries for tests of the hash chain, and changes that are rolled back after verification."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from clinic.audit.verification import Report, verify
from clinic.core.audit import record_act
from clinic.core.context import Actor, reset_actor, set_actor
from clinic.core.db import db
from clinic.core.ids import new_id
from clinic.core.unit_of_work import unit_of_work
from tests.audit.tampering import Row, stored


class RolledBack(Exception):
    """Ends a unit of work that must leave nothing."""


def record_actions(times: int = 1) -> None:
    """Record entries that have a value in every column."""
    who = Actor("staff:somebody", "a-request", address="192.0.2.1", session_id=new_id(), key_id=new_id())
    token = set_actor(who)
    with unit_of_work():
        for number in range(times):
            record_act("tried", "tests", new_id(), new_id(), number=number, words="São João", share=number / 7)
    reset_actor(token)


def sealed_rows() -> list[Row]:
    """Return the sealed entries as they are stored now."""
    db.session.commit()
    return stored(db.session.connection())


def verify_with(edit: Callable[[Connection], object]) -> Report:
    """Return the report of a verification after an edit that is rolled back."""
    report = Report(has_checkpoint=False)
    with pytest.raises(RolledBack), unit_of_work():
        edit(db.session.connection())
        report = verify()
        raise RolledBack
    return report
