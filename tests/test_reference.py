"""clinic/docs/reference.md describes exactly the settings, commands, options and exit codes of the program."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
from flask import Flask

from clinic.core.config import DEFAULTS, SETTINGS
from clinic.web.cli import needed_for
from clinic.web.cli_errors import EXIT_CODES

REFERENCE = (Path(__file__).resolve().parent.parent / "clinic" / "docs" / "reference.md").read_text(encoding="utf-8")
FLASKS_OWN = {"run", "shell", "routes", "db", "openapi"}
SHARED = {"--json", "--header", "--clinic", "--as"}


def section(title: str) -> str:
    """Return the text under a second-level heading."""
    return REFERENCE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of the tables in a text, without their heads."""
    found = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in found]
    return [row for row in cells if row[0] not in {"setting", "option", "exit code"} and set(row[0]) != {"-"}]


@cache
def documented() -> dict[str, tuple[str, str]]:
    """Return each documented command with the rest of its heading and the text below."""
    sections = re.findall(r"^### `flask ([^`]+)`\n(.*?)(?=^##|\Z)", REFERENCE, re.MULTILINE | re.DOTALL)
    split = [re.fullmatch(r"([a-z -]+?)((?: [][A-Z_|.]+)*)", heading) for heading, _ in sections]
    return {found[1]: (found[2].strip(), text) for found, (_, text) in zip(split, sections, strict=True) if found}


def commands(app: Flask) -> Iterator[tuple[str, click.Command]]:
    """Return every command that this program adds, by its words."""
    for name, command in app.cli.commands.items():
        if name in FLASKS_OWN or command.hidden:
            continue
        if isinstance(command, click.Group):
            yield from ((f"{name} {verb}", inner) for verb, inner in command.commands.items())
        else:
            yield name, command


def options(command: click.Command) -> list[click.Option]:
    """Return the options of a command."""
    return [parameter for parameter in command.params if isinstance(parameter, click.Option)]


def test_every_setting_is_documented() -> None:
    named = [row[0].strip("`") for row in rows(section("Settings"))]

    assert sorted(named) == sorted([*SETTINGS, "CLINIC_INSTANCE_PATH"])


def test_every_default_of_a_setting_is_documented() -> None:
    written = {row[0].strip("`"): row[2] for row in rows(section("Settings"))}
    fixed = {name: DEFAULTS.get(key) for name, key in SETTINGS.items() if DEFAULTS.get(key) not in {None, ""}}

    assert {name: written[name] for name in fixed} == {name: f"`{value}`" for name, value in fixed.items()}


def test_every_exit_code_is_documented() -> None:
    written = ", ".join(" ".join(row) for row in rows(section("Output and exit codes")))

    assert f"Exit codes: {written}." == EXIT_CODES


def test_every_command_is_documented(app: Flask) -> None:
    assert sorted(documented()) == sorted(name for name, _ in commands(app))


def test_every_argument_is_documented(app: Flask) -> None:
    expected = {
        name: " ".join(
            one.metavar or str(one.name).upper() for one in command.params if isinstance(one, click.Argument)
        )
        for name, command in commands(app)
    }

    assert {name: heading for name, (heading, _) in documented().items()} == expected


def test_every_option_is_documented(app: Flask) -> None:
    written = {name: set(re.findall(r"`(--[a-z-]+)", text)) for name, (_, text) in documented().items()}

    assert written == {
        name: {word for option in options(command) for word in option.opts} for name, command in commands(app)
    }


def test_every_shared_option_is_described() -> None:
    assert {row[0].strip("`").split()[0] for row in rows(section("Options of many commands"))} == SHARED


def test_every_default_of_an_option_is_documented(app: Flask) -> None:
    wrong = []
    for name, command in commands(app):
        written = {row[0].strip("`").split()[0]: row for row in rows(documented()[name][1])}
        for option in options(command):
            if option.show_default and f"`{option.default}`" not in written[option.opts[0]]:
                wrong.append(f"{name} {option.opts[0]}")

    assert wrong == []


def test_every_choice_of_an_option_is_documented(app: Flask) -> None:
    wrong = []
    for name, command in commands(app):
        written = {row[0].strip("`").split()[0]: row[1] for row in rows(documented()[name][1])}
        for option in options(command):
            choices = option.type.choices if isinstance(option.type, click.Choice) else ()
            if {str(choice) for choice in choices} - set(re.findall(r"`([^`]+)`", written.get(option.opts[0], ""))):
                wrong.append(f"{name} {option.opts[0]}")

    assert wrong == []


def test_the_permission_of_every_command_is_documented(app: Flask) -> None:
    written = {name: re.findall(r"Permission:\s`([^`]+)`", text) for name, (_, text) in documented().items()}

    assert written == {name: [needed_for(command)] if needed_for(command) else [] for name, command in commands(app)}
