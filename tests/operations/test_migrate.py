"""`flask db upgrade` and `flask db downgrade`."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from clinic import create_app
from clinic.core.db import db
from tests.builders import a_clinic
from tests.databases import POSTGRESQL, SQLITE, a_postgres_database, make_tables
from tests.script_processes import Ended, run_script


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'clinic.db'}"
        return
    with a_postgres_database() as made:
        yield made


@pytest.fixture
def empty(url: str, tmp_path: Path) -> Iterator[Flask]:
    """An application whose database has no table yet."""
    app = create_app({"TESTING": True, "INSTANCE_PATH": tmp_path, "SQLALCHEMY_DATABASE_URI": url})
    yield app
    with app.app_context():
        db.engine.dispose()


def _run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["db", *words])


@pytest.mark.slow
def test_an_upgrade_shows_what_it_did(empty: Flask) -> None:
    first, second = _run(empty, "upgrade"), _run(empty, "upgrade")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stderr.startswith("Upgraded: 0001, 0002")
    assert second.stderr == "Nothing to upgrade\n"


def test_a_downgrade_keeps_a_database_with_data_unless_told_to_delete_them(empty: Flask) -> None:
    with empty.app_context():
        make_tables()
        a_clinic()

    refused = _run(empty, "downgrade", "0001")
    unchanged = _run(empty, "upgrade")
    done = _run(empty, "downgrade", "0001", "--delete-data")

    assert refused.exit_code == 2
    assert refused.stderr.startswith("Error: --delete-data: A downgrade deletes what the newer version has stored")
    assert unchanged.stderr == "Nothing to upgrade\n"
    assert (done.exit_code, done.stderr[:11]) == (0, "Downgraded:")


@pytest.mark.slow
def test_an_empty_database_is_downgraded_at_once(empty: Flask) -> None:
    with empty.app_context():
        make_tables()

    assert _run(empty, "downgrade", "base").exit_code == 0


@pytest.mark.slow
def test_an_unknown_revision_is_wrong_input(empty: Flask) -> None:
    with empty.app_context():
        make_tables()

    result = _run(empty, "upgrade", "nonsense")

    assert result.exit_code == 2
    assert "nonsense" in result.stderr


UPGRADE = """
import sys
from clinic import create_app
app = create_app(settings)
barrier.wait()
result = app.test_cli_runner().invoke(args=["db", "upgrade"])
print(result.stderr, end="")
sys.exit(result.exit_code)
"""


@pytest.mark.slow
def test_upgrades_at_once_wait_for_each_other(url: str, tmp_path: Path) -> None:
    barrier = get_context("forkserver").Barrier(4)
    settings = {"SQLALCHEMY_DATABASE_URI": url, "INSTANCE_PATH": str(tmp_path), "LOCK_TIMEOUT_MS": 500}

    with ThreadPoolExecutor(4) as pool:
        folders = [tmp_path / str(number) for number in range(4)]
        ended = list(pool.map(lambda own: _in_process(own, settings=settings, barrier=barrier), folders))

    messages = sorted(one.output for one in ended)
    assert [one.returncode for one in ended] == [0, 0, 0, 0], messages
    assert messages[:3] == ["Nothing to upgrade\n"] * 3
    assert messages[3].startswith("Upgraded: 0001, 0002")


def _in_process(folder: Path, **names: Any) -> Ended:
    folder.mkdir()
    return run_script(UPGRADE, folder, **names)
