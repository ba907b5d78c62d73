"""The README is true: its events and tree are those of the code, and what it links to exists."""

import re
import tomllib
from pathlib import Path

import pytest
from flask import Flask

from clinic.core.events import event_bus, handler_name
from clinic.core.events.types import declared_events

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "clinic" / "docs" / "reference.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """Return what stands under a heading."""
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """Return the cells of the table under a heading, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_events_table_is_the_catalogue(app: Flask) -> None:
    expected = [
        [
            f"`{event.name}`",
            ", ".join(f"`{key}`" for key in sorted(event.keys)),
            f"`{event.published_by}`",
            ", ".join(f"`{(handler_name(one) or '').partition(':')[2]}`" for one in event_bus.handlers(event.name)),
        ]
        for event in declared_events()
    ]

    assert rows("Events") == expected


def test_the_tree_is_the_tree() -> None:
    tree = section("The house").partition("```")[2].partition("```")[0]
    top = re.findall(r"^(\S+)", tree, re.MULTILINE)
    inside = re.findall(r"^  (\S+)", tree, re.MULTILINE)

    assert {name.rstrip("/") for name in top} == {"wsgi.py", "pyproject.toml", "instance", "clinic", "tests"}
    real = {path.name for path in (ROOT / "clinic").iterdir() if path.is_dir() and not path.name.startswith("__")}
    assert {name.rstrip("/") for name in inside} == real | {"__init__.py"}


def test_the_pictures_are_there() -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)

    assert len(pictures) >= 4
    assert all((ROOT / picture).is_file() for picture in pictures)


def test_the_documented_test_commands_are_the_ones_that_the_checks_run() -> None:
    assert "&& python -m pytest\n" in section("Try it")
    assert "`python -m pytest --full`" in section("Checks")
    assert "\npython -m pytest --full\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize("extra", ["postgres", "redis", "test"])
def test_the_extras_that_are_named_exist(extra: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert extra in project["optional-dependencies"]
    assert f".[{extra}]" in README + REFERENCE
