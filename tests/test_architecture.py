"""The architecture: files, modules, templates and registration."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from clinic import MODULES
from clinic.core.events import event_bus, handler_name
from clinic.core.events.types import declared_events
from clinic.core.modules import registered_modules, subscribe_handlers

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "clinic"
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)
TEMPLATES = sorted(PACKAGE.rglob("*.html"))
FILES = {"__init__", "audit_labels", "commands", "pages", "schemas"}
"""Files of every module."""

OWN_TABLES = {"models", "service"}
"""Files of every module with tables of its own."""

MAX_LINES = 300


def test_the_top_level_has_only_the_known_files() -> None:
    seen = {path.name for path in ROOT.iterdir() if not path.name.startswith(".") and path.suffix != ".egg-info"}

    assert seen - {"build", "__pycache__"} == {"wsgi.py", "pyproject.toml", "clinic", "tests", "instance", "README.md"}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_every_module_has_the_same_files(module: Any) -> None:
    folder = PACKAGE / module.name
    files = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/__init__.py")}

    assert files >= FILES
    assert files & OWN_TABLES in (set(), OWN_TABLES)


def test_no_file_is_called_utils_helpers_common_or_misc() -> None:
    assert not {path.stem for path in SOURCES} & {"utils", "helpers", "common", "misc"}


def test_no_file_is_longer_than_the_limit() -> None:
    long_files = [str(path) for path in SOURCES if len(path.read_text(encoding="utf-8").splitlines()) > MAX_LINES]

    assert long_files == []


def test_only_core_and_audit_bypass_the_filter_by_clinic() -> None:
    forbidden = re.compile(
        r"__table__|(?<!def )(?<![.\w])text\(|session\.connection\(|engine\.(begin|connect)\(|insert\("
        r"|filter_by\(|exec_driver_sql"
    )
    outside = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in SOURCES
        if not {"core", "audit"} & set(path.parts)
        for match in forbidden.finditer(path.read_text(encoding="utf-8"))
    ]

    assert outside == []


def test_no_template_has_inline_scripts_inline_styles_or_foreign_addresses() -> None:
    offending = re.compile(
        r"\sstyle\s*=|<style|\son[a-z]+\s*=\s*[\"']|javascript:"
        r"|<script(?![^>]*src=)|(?:src|href|action)=[\"'](?:https?:)?//"
    )

    pages = [path for path in TEMPLATES if path.parent.name != "mail"]  # mail programs read no style sheet of ours
    assert [str(path) for path in pages if offending.search(path.read_text(encoding="utf-8"))] == []


def test_every_post_form_has_a_csrf_token_and_its_clinic() -> None:
    signed_in = [path for path in TEMPLATES if path.parent.name != "links"]  # there the token in the address decides
    forms = [(path, form) for path in signed_in for form in _post_forms(path.read_text(encoding="utf-8"))]

    assert len(forms) > 20
    assert [str(path) for path, form in forms if "form_token(" not in form] == []


def _post_forms(source: str) -> list[str]:
    forms = re.findall(r"<form\b.*?</form>", source, re.DOTALL)
    return [form for form in forms if re.search(r"method\s*=\s*[\"']?post", form.partition(">")[0], re.IGNORECASE)]


def test_handled_events_are_declared_and_declared_events_are_published_by_a_module(app: Flask) -> None:
    declared = {event.name for event in declared_events()}
    handled = {name for module in registered_modules(app) for name in module.get_event_handlers()}
    published = {event.name for module in registered_modules(app) for event in module.get_published_events()}

    assert handled <= declared
    assert declared == published


def test_registering_the_blueprints_registers_the_modules_and_their_handlers(app: Flask) -> None:
    assert [module.name for module in registered_modules(app)] == [module.name for module in MODULES]
    for module in MODULES:
        for name, handler in module.get_event_handlers().items():
            assert handler in event_bus.handlers(name)


def test_handlers_subscribe_once_in_a_process_with_several_applications(app: Flask) -> None:
    subscribe_handlers(app)
    subscribe_handlers(app)

    for event in declared_events():
        names = [handler_name(handler) for handler in event_bus.handlers(event.name)]
        assert len(names) == len(set(names)) == _handler_count(event.name)


def _handler_count(event: str) -> int:
    return sum(event in module.get_event_handlers() for module in MODULES)


def test_every_handler_is_named_after_its_event() -> None:
    for module in MODULES:
        for name, handler in module.get_event_handlers().items():
            assert handler.__name__ == "_on_" + name.replace(".", "_")
