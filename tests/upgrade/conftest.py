"""A clinic of an older revision, upgraded: its tests name the revision, and insert the rows that it had."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask_migrate import upgrade

from clinic.core.tenancy import clinic_scope
from tests.databases import POSTGRESQL, SQLITE
from tests.upgrade.older_database import ORIGINALS, an_older_database


@pytest.fixture(scope="session", autouse=True)
def originals() -> Iterator[None]:
    """After the last test, drop the databases that were copied."""
    with ORIGINALS:
        yield


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def ids(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, UUID]]:
    """The ids of what `insert_rows` of the test's file has put into a database of its `REVISION`, upgraded."""
    tests: Any = request.module
    with an_older_database(request.param, tmp_path, tests.REVISION):
        ids: dict[str, UUID] = tests.insert_rows()
        upgrade()
        with clinic_scope(ids["clinic"]):
            yield ids
