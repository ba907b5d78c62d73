"""The import contracts and banned imports of pyproject.toml: each one detects a planted breach."""

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


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the program's Python files and of pyproject.toml."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "clinic", tmp_path / "clinic", ignore=_all_but_python)
    return tmp_path


def _all_but_python(folder: str, names: list[str]) -> list[str]:
    skipped = {"__pycache__", "versions", "static", "templates"}
    return [name for name in names if name in skipped or not (Path(folder, name).is_dir() or name.endswith(".py"))]


def lint_imports(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(COMMANDS / "lint-imports"), "--no-cache", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_import_contracts_are_kept() -> None:
    result = lint_imports(ROOT)

    assert result.returncode == 0, result.stdout


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize(("contract", "importer", "imported"), BREACHES)
def test_a_planted_import_breaks_its_contract(copied: Path, contract: str, importer: str, imported: str) -> None:
    file = copied / Path(*importer.split(".")).with_suffix(".py")
    source = file.read_text(encoding="utf-8") if file.exists() else ""
    file.write_text(f"{source}\nimport {imported}\n", encoding="utf-8")

    result = lint_imports(copied, "--contract", contract)

    assert result.returncode == 1
    assert f"{importer} -> {imported} (l." in result.stdout


@pytest.mark.slow
def test_a_package_without_a_layer_breaks_the_contract_of_packages(copied: Path) -> None:
    (copied / "clinic" / "planted").mkdir()
    (copied / "clinic" / "planted" / "__init__.py").touch()

    result = lint_imports(copied, "--contract", "packages")

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
