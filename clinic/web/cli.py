"""Commands of every module: groups, choosing clinic and staff member, tables and secrets."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any

import click
from flask import has_app_context
from flask.cli import AppGroup, ScriptInfo
from marshmallow import Schema

from clinic.core.context import current_actor, set_actor
from clinic.core.errors import PermissionDenied
from clinic.core.tenancy import set_current_clinic
from clinic.identity.clinics import clinic_service
from clinic.identity.members import member_service
from clinic.web.cli_errors import EXIT_CODES, FAILED, Command, fail, handle_errors
from clinic.web.cli_output import OutputFailed, checked_output, output
from clinic.web.cli_table import print_table

OPERATOR = "operator"
"""What a command needs that is for the installation's operators only: no role has it, so `--as` is refused."""

_AS = "as_email"
_HEADER = "clinic.header"
_NEEDS = "needs"


def accept_short_help(commands: Iterable[click.Command]) -> None:
    """Let `-h` show the help of commands and of those inside them."""
    for command in commands:
        command.context_settings["help_option_names"] = ["-h", "--help"]


class CommandGroup(AppGroup):
    """A group of commands whose errors are one line on stderr and an exit code."""

    command_class = Command

    def __init__(self, name: str, *, clinic: bool = False, **options: Any) -> None:
        super().__init__(name, epilog=EXIT_CODES, **options)
        self.needs_clinic = clinic

    def command(self, *args: Any, needs: str | None = None, clinic: bool = True, **kwargs: Any) -> Any:
        """Add a command; in a clinic's group it takes `--clinic NAME` and `--as EMAIL`, and `needs` a permission.

        :raises TypeError: if a command of a clinic's group neither needs a permission nor is declared `clinic=False`
        """
        if self.needs_clinic and clinic and needs is None:
            raise TypeError("a command that acts in a clinic declares the permission it needs")
        register = super().command(*args, **kwargs)

        def decorate(function: Callable[..., Any]) -> click.Command:
            if needs is None:
                plain: click.Command = register(function)
                return plain
            command: click.Command = register(_with_actor(function, needs))
            command.params += [
                _clinic_option(),
                click.Option(["--as", _AS], metavar="EMAIL", help="Act as this staff member."),
            ]
            setattr(command, _NEEDS, needs)
            return command

        return decorate

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command as the user of the operating system; option callbacks have the application context too."""
        if not has_app_context():
            ctx.with_resource(ctx.ensure_object(ScriptInfo).load_app().app_context())
        with handle_errors():
            return super().invoke(ctx)


def needed_for(command: click.Command) -> str | None:
    """Return the permission that a command needs, or None if it acts in no clinic."""
    needs: str | None = getattr(command, _NEEDS, None)
    return needs


def _with_actor(function: Callable[..., Any], needs: str) -> Callable[..., Any]:
    """Run a command as the staff member of `--as`, if they have the permission."""

    @wraps(function)
    def run(*args: Any, **options: Any) -> Any:
        if email := options.pop(_AS):
            actor, permissions = member_service.get_actor(email)
            set_actor(
                replace(current_actor(), actor=actor, address=current_actor().actor[:64], permissions=permissions)
            )
        if not current_actor().has_permission(needs):
            raise PermissionDenied(needs)
        return function(*args, **options)

    return run


def _clinic_option() -> click.Option:
    return click.Option(
        ["--clinic"],
        expose_value=False,
        is_eager=False,
        callback=_choose_clinic,
        metavar="NAME",
        help="Act in this clinic.",
    )


def _choose_clinic(ctx: click.Context, _param: click.Parameter, name: str | None) -> None:
    if not ctx.resilient_parsing:
        set_current_clinic(clinic_service.resolve(name))


def with_header(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option `--header` to a command that shows rows."""
    option = click.option(
        "--header",
        is_flag=True,
        expose_value=False,
        callback=lambda ctx, _param, value: ctx.meta.update({_HEADER: value}),
        help="Begin piped output with the names of its columns.",
    )
    return option(command)


def load_options(schema: Schema, options: Mapping[str, Any]) -> dict[str, Any]:
    """Load the given options with a schema.

    :raises ValidationError: with every problem
    """
    loaded: dict[str, Any] = schema.load({name: value for name, value in options.items() if value is not None})
    return loaded


def output_secret(secret: str, withdraw: Callable[[], object], instead: str) -> None:
    """Print a secret that is shown this one time; if it can't be written, withdraw it and fail with `instead`."""
    try:
        output(secret)
    except OutputFailed as error:
        withdraw()
        fail(FAILED, f"the output can't be written ({error.reason}): {instead}")


def show_rows(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    *,
    as_json: bool = False,
    table: Callable[[], Sequence[Mapping[str, Any]]] | None = None,
) -> None:
    """Print rows: as JSON, as a table on a terminal, else tab-separated, with a header if that is asked for.

    `table` returns the rows of a terminal's table, with all their columns, if people are shown others than programs.
    """
    if as_json:
        output(json.dumps(rows, ensure_ascii=False, indent=2))
    elif sys.stdout is not None and sys.stdout.isatty():
        shown = table() if table else [{column: row.get(column) for column in columns} for row in rows]
        with checked_output():
            print_table(
                list(shown[0]) if shown else columns, [[_cell(value) for value in row.values()] for row in shown]
            )
    else:
        header = [list(columns)] if click.get_current_context().meta.get(_HEADER) else []
        for cells in (*header, *([_cell(row.get(column)) for column in columns] for row in rows)):
            output("\t".join(cells))


def show_record(record: Mapping[str, Any], *, as_json: bool = False) -> None:
    """Print one record: as JSON, or as lines of name and value."""
    if as_json:
        output(json.dumps(record, ensure_ascii=False, indent=2))
    else:
        for name, value in record.items():
            output(f"{name}\t{_cell(value)}")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict) and value.keys() == {"amount", "currency"}:
        return f"{value['amount']} {value['currency']}"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return " ".join(text.split())
