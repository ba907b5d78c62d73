"""The rules of the house, held by tests."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from clinic import MODULES
from clinic.core.catalogue import declared_events
from clinic.core.events import event_bus, handler_name
from clinic.core.modules import registered_modules, subscribe_handlers

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "clinic"
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)
TEMPLATES = sorted(PACKAGE.rglob("*.html"))
ROOMS = {"__init__", "models", "service", "schemas", "pages", "api", "commands"}
OPTIONAL_ROOMS = {
    "records",
    "rules",
    "search",
    "totals",
    "slots",
    "practitioners",
    "payments",
    "letters",
    "sending",
    "importer",
    "documents",
    "account",
    "actors",
    "admission",
    "changes",
    "clinics",
    "codes",
    "invitations",
    "kept_forms",
    "keys",
    "members",
    "operators",
    "outgoing",
    "passwords",
    "permissions",
    "second_step",
    "seeing",
    "sessions",
    "sign_in",
    "trail",
    "workers",
}


def test_the_import_contracts_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)

    assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS


def test_the_top_level_is_what_was_asked_for() -> None:
    seen = {path.name for path in ROOT.iterdir() if not path.name.startswith(".") and path.suffix != ".egg-info"}

    assert seen - {"build", "__pycache__"} == {"wsgi.py", "pyproject.toml", "clinic", "tests", "instance", "README.md"}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_every_module_has_the_same_rooms(module: Any) -> None:
    folder = PACKAGE / module.name
    rooms = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/__init__.py")}

    assert rooms >= ROOMS
    assert rooms <= ROOMS | OPTIONAL_ROOMS


def test_no_file_is_a_place_for_odds_and_ends() -> None:
    assert not {path.name for path in SOURCES} & {"utils.py", "helpers.py", "common.py", "misc.py"}


def test_no_file_outgrows_its_purpose() -> None:
    long_files = [str(path) for path in SOURCES if len(path.read_text(encoding="utf-8").splitlines()) > 330]

    assert long_files == []


def test_what_goes_past_the_clinics_filter_is_in_the_core_only() -> None:
    forbidden = re.compile(
        r"__table__|(?<!def )(?<![.\w])text\(|session\.connection\(|engine\.(begin|connect)\(|insert\("
        r"|filter_by\(|exec_driver_sql"
    )
    outside = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in SOURCES
        if "core" not in path.parts
        for match in forbidden.finditer(path.read_text(encoding="utf-8"))
    ]

    assert outside == []


def test_no_template_has_a_script_or_style_of_its_own() -> None:
    offending = re.compile(
        r"\sstyle\s*=|<style|\son[a-z]+\s*=\s*[\"']|javascript:"
        r"|<script(?![^>]*src=)|(?:src|href|action)=[\"'](?:https?:)?//"
    )

    assert [str(path) for path in TEMPLATES if offending.search(path.read_text(encoding="utf-8"))] == []


def test_every_form_that_changes_something_carries_a_token_and_its_clinic() -> None:
    forms = [(path, form) for path in TEMPLATES for form in _forms_that_post(path.read_text(encoding="utf-8"))]

    assert len(forms) > 20
    assert [str(path) for path, form in forms if "form_token(" not in form] == []


def _forms_that_post(source: str) -> list[str]:
    forms = re.findall(r"<form\b.*?</form>", source, re.DOTALL)
    return [form for form in forms if re.search(r"method\s*=\s*[\"']?post", form.partition(">")[0], re.IGNORECASE)]


def test_every_event_that_is_heard_is_declared_and_every_declared_one_is_in_a_table_of_contents(app: Flask) -> None:
    declared = {event.name for event in declared_events()}
    heard = {name for module in registered_modules(app) for name in module.get_event_handlers()}
    published = {event.name for module in registered_modules(app) for event in module.get_published_events()}

    assert heard <= declared
    assert declared == published


def test_registering_the_blueprints_has_registered_the_modules_and_their_handlers(app: Flask) -> None:
    assert [module.name for module in registered_modules(app)] == [module.name for module in MODULES]
    for module in MODULES:
        for name, handler in module.get_event_handlers().items():
            assert handler in event_bus.handlers(name)


def test_several_applications_in_one_process_call_a_handler_once(app: Flask) -> None:
    subscribe_handlers(app)
    subscribe_handlers(app)

    for event in declared_events():
        names = [handler_name(handler) for handler in event_bus.handlers(event.name)]
        assert len(names) == len(set(names)) == _listeners(event.name)


def _listeners(event: str) -> int:
    return sum(event in module.get_event_handlers() for module in MODULES)


def test_every_handler_is_named_after_its_event() -> None:
    for module in MODULES:
        for name, handler in module.get_event_handlers().items():
            assert handler.__name__ == "_on_" + name.replace(".", "_")
