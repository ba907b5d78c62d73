"""The import contracts and banned imports of pyproject.toml: each one detects planted breaches."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = Path(sys.executable).parent
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
BREACHES = [
    ("packages", "clinic.identity.planted", "clinic.web.cli"),
    ("packages", "clinic.core.db.planted", "clinic.identity.models"),
    ("packages", "clinic.patients.planted", "clinic.billing.service"),
    ("layers-inside", "clinic.patients.service", "clinic.patients.schemas"),
    ("layers-inside", "clinic.billing.models", "clinic.billing.service"),
    ("layers-inside", "clinic.billing.api", "clinic.billing.pages"),
    ("package-roots", "clinic.billing.planted", "clinic.patients"),
    ("package-roots", "clinic.operations.planted", "clinic"),
    ("services", "clinic.billing.planted", "clinic.patients.models"),
    ("services", "clinic.staff.pages.planted", "clinic.audit.presenter"),
    ("services", "clinic.operations.planted", "clinic.billing.totals"),
    ("http", "clinic.patients.service", "click"),
    ("http", "clinic.billing.planted", "clinic.web.cli"),
    ("http", "clinic.core.db.planted", "werkzeug"),
    ("http", "clinic.core.planted", "flask_smorest"),
    ("http", "clinic.identity.planted", "flask_login"),
    ("http", "clinic.billing.rules", "webargs"),
    ("http", "clinic.billing.models", "flask_wtf"),
    ("blinker", "clinic.patients.planted", "blinker"),
    ("blinker", "clinic.core.events.delivery", "blinker"),
]
"""Contract, importing file (new if called `planted`), imported module."""


def copy(folder: Path) -> None:
    """Copy the program's Python files and pyproject.toml into a folder."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copytree(ROOT / "clinic", folder / "clinic", ignore=_all_but_python)


def _all_but_python(folder: str, names: list[str]) -> list[str]:
    skipped = {"__pycache__", "versions", "static", "templates"}
    return [name for name in names if name in skipped or not (Path(folder, name).is_dir() or name.endswith(".py"))]


def lint_imports(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(COMMANDS / "lint-imports"), "--no-cache", *options]
    wide = {**os.environ, "COLUMNS": "200"}  # no name of a contract is broken into two lines
    return subprocess.run(command, cwd=folder, env=wide, capture_output=True, text=True, check=False)


def test_the_import_contracts_are_kept() -> None:
    result = lint_imports(ROOT)

    assert result.returncode == 0, result.stdout


@pytest.fixture(scope="session")
def found_breaches(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is reported of each contract, by its name, when all of `BREACHES` are planted."""
    folder = tmp_path_factory.mktemp("breaches")
    copy(folder)
    for _, importer, imported in BREACHES:
        with (folder / Path(*importer.split(".")).with_suffix(".py")).open("a", encoding="utf-8") as file:
            file.write(f"\nimport {imported}\n")
    result = lint_imports(folder)
    assert result.returncode == 1
    return _reports(result.stdout)


def _reports(said: str) -> dict[str, str]:
    """Return what is said below the name of each contract that is broken."""
    details = said.partition("Broken contracts\n")[2]
    parts = re.split(r"^(.+)\n-+\n", details, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize(("contract", "importer", "imported"), BREACHES)
def test_a_planted_import_breaks_its_contract(
    found_breaches: dict[str, str], contract: str, importer: str, imported: str
) -> None:
    (name,) = [one["name"] for one in CONTRACTS if one["id"] == contract]

    chain = re.escape(f"{importer} -> {imported} (l.")
    assert re.search(rf"^- +{chain}\d+\)\n\n", found_breaches[name], re.MULTILINE)


@pytest.mark.slow
def test_a_package_without_a_layer_breaks_the_contract_of_packages(tmp_path: Path) -> None:
    copy(tmp_path)
    (tmp_path / "clinic" / "planted").mkdir()
    (tmp_path / "clinic" / "planted" / "__init__.py").touch()

    result = lint_imports(tmp_path, "--contract", "packages")

    assert result.returncode == 1
    assert "planted" in result.stdout


def test_every_contract_has_a_planted_breach() -> None:
    assert {contract["id"] for contract in CONTRACTS} == {contract for contract, *_ in BREACHES}


@pytest.mark.parametrize(
    ("file", "is_banned"),
    [
        ("clinic/patients/service.py", True),
        ("clinic/patients/models/patients.py", True),
        ("clinic/patients/commands/patients.py", True),
        ("clinic/billing/rules.py", True),
        ("clinic/billing/planted.py", True),
        ("clinic/core/audit.py", True),
        ("clinic/identity/sign_in.py", True),
        ("clinic/patients/api/patients.py", False),
        ("clinic/patients/pages/patients.py", False),
        ("clinic/staff/pages/sign_in.py", False),
        ("clinic/web/authorization.py", False),
    ],
)
def test_the_request_is_banned_below_pages(file: str, is_banned: bool) -> None:
    names = ("request", "session", "g")
    lines = [f"from flask import {name}\nfrom flask.globals import {name}\nflask.{name}" for name in names]
    command = [str(COMMANDS / "ruff"), "check", "--select", "TID251", "--output-format", "concise"]

    result = subprocess.run(
        [*command, "--stdin-filename", file, "-"],
        cwd=ROOT,
        input="\n".join(["import flask", *lines]),
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.stdout.count("TID251") == (3 * len(names) if is_banned else 0)
