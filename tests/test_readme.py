"""The README and the pages in clinic/docs are true: what they name exists, and tables are those of the program."""

import json
import re
import tomllib
from pathlib import Path

import click
import pytest
from flask import Flask

from clinic.core.config import SETTINGS
from clinic.core.events import event_bus, handler_name
from clinic.core.events.types import declared_events
from clinic.patients.schemas.patients import PatientSchema

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "clinic" / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
README = PAGES[0].read_text(encoding="utf-8")
TEXTS = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
NOT_SETTINGS = {"CLINIC_API_EXAMPLES", "CLINIC_GUESSES", "CLINIC_WRITE_MATRIX"}
"""Variables of the tests that begin like settings."""

FLASKS_OWN = {"run", "shell", "routes"}
"""Commands that Flask adds outside an application's group."""


def section(title: str) -> str:
    """Return the text under a heading of the README."""
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """Return the cells of the table under a heading, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def named_commands(text: str) -> list[list[str]]:
    """Return the words after `flask` in every code span and code block of a page."""
    code = re.findall(r"`([^`\n]+)`|^ {4}(.+)", text.replace("\\\n", ""), re.MULTILINE)
    found = [re.findall(r"(?:^|[ /])flask ([a-z-][^&;|)]*)", (span or line).strip()) for span, line in code]
    return [words.split() for line in found for words in line if words.split()[0] not in FLASKS_OWN]


def unknown_words(command: click.Command, words: list[str]) -> list[str]:
    """Return the subcommands and options among the words after a command that it does not have."""
    while words and isinstance(command, click.Group) and words[0] in command.commands:
        command, words = command.commands[words[0]], words[1:]
    if isinstance(command, click.Group):
        return words[:1] if words and re.fullmatch("[a-z-]+", words[0]) else []
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return [word for word in words if word.startswith("--") and word not in known]


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


def test_the_answer_of_the_example_has_the_fields_of_a_patient() -> None:
    answer = json.loads(section("A request").partition("```json\n")[2].partition("```")[0])
    sent = json.loads(re.findall(r"-d '([^']+)'", section("A request"))[0])

    assert set(answer) == set(PatientSchema().dump_fields)
    assert sent.items() <= answer.items()


def test_the_tree_is_the_tree() -> None:
    tree = section("Architecture").partition("```")[2].partition("```")[0]
    top = re.findall(r"^(\S+)", tree, re.MULTILINE)
    inside = re.findall(r"^  (\S+)", tree, re.MULTILINE)

    assert {name.rstrip("/") for name in top} == {"wsgi.py", "pyproject.toml", "instance", "clinic", "tests"}
    real = {path.name for path in (ROOT / "clinic").iterdir() if path.is_dir() and not path.name.startswith("__")}
    assert {name.rstrip("/") for name in inside} == real | {"__init__.py"}


def test_every_picture_is_shown_and_there() -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)

    assert sorted(pictures) == sorted(str(path.relative_to(ROOT)) for path in DOCS.glob("*.png"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"(?<!!)\[[^]]*\]\(([^):#]+)\)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).is_file()] == []


def test_every_page_is_linked_from_the_readme() -> None:
    assert [page.name for page in PAGES[1:] if f"(clinic/docs/{page.name})" not in README] == []


@pytest.mark.parametrize("name", TEXTS)
def test_every_setting_that_is_named_exists(name: str) -> None:
    named = set(re.findall(r"CLINIC_[A-Z_]+[A-Z]", TEXTS[name]))

    assert named - {*SETTINGS, "CLINIC_INSTANCE_PATH", *NOT_SETTINGS} == set()


@pytest.mark.parametrize("name", TEXTS)
def test_every_command_that_is_named_exists(app: Flask, name: str) -> None:
    wrong = [words for words in named_commands(TEXTS[name]) if unknown_words(app.cli, words)]

    assert wrong == []


def test_the_documented_test_commands_are_the_ones_that_the_checks_run() -> None:
    assert "&& python -m pytest\n" in section("Try it")
    assert "`python -m pytest --full`" in section("Checks")
    assert "\npython -m pytest --full\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize("extra", ["postgres", "redis", "test"])
def test_the_extras_that_are_named_exist(extra: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert extra in project["optional-dependencies"]
    assert any(f".[{extra}]" in text for text in TEXTS.values())


def test_the_page_of_proofs_names_every_command_of_the_load_tests() -> None:
    named = {
        module.replace(".", "/") + ".py" if by_module else path
        for by_module, module, path in re.findall(r"`python (?:(-m) ([a-z_.]+)|(\S+\.py))", TEXTS["proofs.md"])
    }

    scripts = (ROOT / "tests" / "load").glob("*.py")
    assert named == {str(path.relative_to(ROOT)) for path in scripts if '__name__ == "__main__"' in path.read_text()}
    assert set(re.findall(r"`(tests/[a-z_/]+\.py)`", TEXTS["proofs.md"])) <= {
        str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("*.py")
    }
