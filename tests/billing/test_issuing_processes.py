"""Twenty processes that issue at once, some of which are killed: the numbers stay gapless and unique."""

import signal
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from clinic.billing.service import billing_service
from clinic.core.db import db
from tests.billing.invoices import a_draft
from tests.builders import somebody
from tests.fixtures import Here
from tests.script_processes import Ended, run_script

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.both_databases]

PROCESSES, DRAFTS = 20, 6

SCRIPT = """
import os, signal
from sqlalchemy.exc import DBAPIError
from clinic import create_app
from clinic.billing import issuing
from clinic.billing.service import billing_service
from clinic.core import unit_of_work
from clinic.core.db.faults import LOCKED, database_fault
from clinic.core.tenancy import clinic_scope
from clinic.identity.clinics import clinic_service

def die_in(owner, name, call, after):
    original, calls = getattr(owner, name), []
    def dying(*args, **options):
        calls.append(name)
        if len(calls) == call and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **options)
        if len(calls) == call and after:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    setattr(owner, name, dying)

app = create_app(settings)
if moment:
    owner, name, call, after = moment
    die_in({"issuing": issuing, "unit_of_work": unit_of_work}[owner], name, call, after)
barrier.wait(100)  # seconds: one that failed before is shown, not waited for
with app.app_context(), clinic_scope(clinic_service.resolve()):
    for draft in drafts:
        while True:
            try:
                billing_service.issue(draft)
                break
            except DBAPIError as error:
                if database_fault(error) is not LOCKED:
                    raise
"""

MOMENTS: list[tuple[str, str, int, bool]] = [
    ("issuing", "next_number", 2, True),
    ("issuing", "copy_particulars", 3, True),
    ("issuing", "load_whole", 1, True),
    ("unit_of_work", "store_event", 4, True),
    ("issuing", "lock_draft_and_patient", 2, True),
    ("issuing", "next_number", 5, False),
    ("issuing", "load_whole", 6, False),
]
"""Where some of the processes are killed: in which function, at which call, and whether after it."""


def test_processes_issuing_at_once_leave_no_gap_and_no_number_twice(app: Flask, here: Here, tmp_path: Path) -> None:
    with here():
        patient = somebody()
        drafts = [[a_draft(patient).id for _ in range(DRAFTS)] for _ in range(PROCESSES)]

    ended = _run_all(app, tmp_path, drafts)

    with here():
        before = _numbers()
        rest = [draft for own in drafts for draft in own if billing_service.get(draft).is_draft]
        for draft in rest:
            billing_service.issue(draft)
    assert [one.returncode for one in ended[: len(MOMENTS)]] == [-signal.SIGKILL] * len(MOMENTS)
    assert [one.output for one in ended[len(MOMENTS) :] if one.returncode] == []
    assert 0 < len(rest) < len(MOMENTS) * DRAFTS
    _check_gapless(before, PROCESSES * DRAFTS - len(rest))
    with here():
        _check_gapless(_numbers(), PROCESSES * DRAFTS)


def _run_all(app: Flask, folder: Path, drafts: list[list[UUID]]) -> list[Ended]:
    """Run all processes at once, the first of which are killed."""
    barrier = get_context("forkserver").Barrier(PROCESSES)

    def run(at: int) -> Ended:
        own = folder / str(at)
        own.mkdir()
        settings = {"SQLALCHEMY_DATABASE_URI": app.config["SQLALCHEMY_DATABASE_URI"], "INSTANCE_PATH": str(own)}
        names: Mapping[str, Any] = {"moment": MOMENTS[at] if at < len(MOMENTS) else None, "drafts": drafts[at]}
        return run_script(SCRIPT, own, settings=settings, barrier=barrier, **names)

    with ThreadPoolExecutor(PROCESSES) as pool:
        return list(pool.map(run, range(PROCESSES)))


def _numbers() -> list[tuple[int, Any]]:
    """Return the count and the date of every issued invoice, ordered by count."""
    db.session.expire_all()
    found = [one for one in billing_service.list(limit=200).rows if one.number]
    return sorted((int(str(one.number)[-5:]), one.issued_on) for one in found)


def _check_gapless(numbers: list[tuple[int, Any]], count: int) -> None:
    assert [number for number, _ in numbers] == list(range(1, count + 1))
    assert [day for _, day in numbers] == sorted(day for _, day in numbers)
