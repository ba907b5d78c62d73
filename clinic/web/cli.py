"""Commands of every module: choosing clinic and staff member, output, errors and exit codes."""

import getpass
import json
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from typing import Any, NoReturn
from uuid import uuid4

import click
from flask import current_app, has_app_context
from flask.cli import AppGroup, ScriptInfo
from marshmallow import Schema, ValidationError
from rich.console import Console
from rich.table import Column, Table
from sqlalchemy.exc import DBAPIError

from clinic.core.context import as_actor, current_actor, set_actor
from clinic.core.db.engine import lacks_columns, lacks_tables
from clinic.core.db.faults import database_fault
from clinic.core.db.sqlite_files import DatabaseReplaced
from clinic.core.db.transaction import ChangedRow, current_outcome, reset_outcome
from clinic.core.errors import ClinicError, Conflict, InvalidInput, NotFound, NotSetUp, PermissionDenied, StaleVersion
from clinic.core.logging.error_summary import error_name
from clinic.core.logging.formatters import log_exception
from clinic.core.tenancy import set_current_clinic
from clinic.identity.clinics import clinic_service
from clinic.identity.members import member_service
from clinic.web.cli_output import OutputFailed, checked_output, discard, output, replace_unencodable

FAILED, USAGE, NO_SUCH, NOT_CONFIGURED, CONFLICTING = 1, 2, 3, 4, 5

EXIT_CODES = "Exit codes: 0 done, 1 failed, 2 wrong input, 3 not found, 4 not permitted or not set up, 5 conflict."

OPERATOR = "operator"
"""What a command needs that is for the installation's operators only: no role has it, so `--as` is refused."""

_AS = "as_email"
_NEEDS = "needs"

_CODES: dict[type[ClinicError], int] = {
    NotFound: NO_SUCH,
    Conflict: CONFLICTING,
    StaleVersion: CONFLICTING,
    InvalidInput: USAGE,
    PermissionDenied: NOT_CONFIGURED,
    NotSetUp: NOT_CONFIGURED,
}


class CommandGroup(AppGroup):
    """A group of commands whose errors are one line on stderr and an exit code."""

    def __init__(self, name: str, *, clinic: bool = False, **options: Any) -> None:
        settings = {"help_option_names": ["-h", "--help"]}
        super().__init__(name, context_settings=settings, epilog=EXIT_CODES, **options)
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


@contextmanager
def handle_errors() -> Iterator[None]:
    """Act as the user of the operating system, with one request id; print expected errors as one line and exit.

    An error after a commit says that the command is done. A reader that ends early, like `head`, is no error.
    """
    reset_outcome()
    replace_unencodable()
    try:
        with as_actor(f"cli:{getpass.getuser()}@{platform.node()}", request_id=uuid4().hex):
            yield
    except click.UsageError as error:
        fail(USAGE, error.format_message())
    except ValidationError as error:
        fail(USAGE, "; ".join(_sentences(error.messages)))
    except ClinicError as error:
        code = next((_CODES[kind] for kind in type(error).__mro__ if kind in _CODES), FAILED)
        message = "; ".join(_sentences(error.problems)) if isinstance(error, InvalidInput) else error.message
        fail(code, message + (_after_commit() if isinstance(error, DatabaseReplaced) else ""))
    except (click.ClickException, click.Abort, click.exceptions.Exit):
        raise
    except OutputFailed as error:
        if error.is_closed:
            sys.exit(0)
        fail(FAILED, f"the output can't be written ({error.reason}){_after_commit()}")
    except Exception as error:
        if isinstance(error, DBAPIError) and (answer := _database_answer(error)):
            fail(*answer)
        if current_app.debug:
            raise
        log_exception(sys.exc_info())
        outcome = _after_commit() or "; nothing was changed"
        fail(FAILED, f"unexpected error ({error_name(error)}), see the log{outcome}")


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


def fail(code: int, message: str) -> NoReturn:
    """Print an error as one line on stderr and exit."""
    info("Error: " + " ".join(message.split()))
    sys.exit(code)


def load_options(schema: Schema, options: Mapping[str, Any]) -> dict[str, Any]:
    """Load the given options with a schema.

    :raises ValidationError: with every problem
    """
    loaded: dict[str, Any] = schema.load({name: value for name, value in options.items() if value is not None})
    return loaded


def info(message: str) -> None:
    """Print a message for people on stderr, if that can be written; stdout is for data."""
    try:
        click.echo(message, file=sys.stderr)
    except OSError:
        discard(sys.stderr)


def output_secret(secret: str, withdraw: Callable[[], object], instead: str) -> None:
    """Print a secret that is shown this one time; if it can't be written, withdraw it and fail with `instead`."""
    try:
        output(secret)
    except OutputFailed as error:
        withdraw()
        fail(FAILED, f"the output can't be written ({error.reason}): {instead}")


def show_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool = False) -> None:
    """Print rows: as JSON, as a table on a terminal, else tab-separated without a header."""
    if as_json:
        output(json.dumps(rows, ensure_ascii=False, indent=2))
    elif sys.stdout is not None and sys.stdout.isatty():
        table = Table(*(Column(column, overflow="fold") for column in columns), box=None)
        for row in rows:
            table.add_row(*(_cell(row.get(column)) for column in columns))
        with checked_output():
            Console().print(table)
    else:
        for row in rows:
            output("\t".join(_cell(row.get(column)) for column in columns))


def show_record(record: Mapping[str, Any], *, as_json: bool = False) -> None:
    """Print one record: as JSON, or as lines of name and value."""
    if as_json:
        output(json.dumps(record, ensure_ascii=False, indent=2))
    else:
        for name, value in record.items():
            output(f"{name}\t{_cell(value)}")


def _after_commit() -> str:
    """Return what became of the command's changes, empty if it has committed none."""
    outcome = current_outcome()
    if outcome.saved:
        return f": it is done, do not repeat it ({_named(outcome.saved)})"
    if outcome.unknown:
        return f": it is not known whether it was saved, check before you repeat it ({_named(outcome.unknown)})"
    return ""


def _named(rows: Sequence[ChangedRow]) -> str:
    table, row_id = rows[0]
    return f"{table} {row_id}"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict) and value.keys() == {"amount", "currency"}:
        return f"{value['amount']} {value['currency']}"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return " ".join(text.split())


def _sentences(errors: Any, name: str = "") -> list[str]:
    """Return nested errors as sentences, each with its option."""
    if isinstance(errors, Mapping):
        return [
            sentence
            for key, inner in errors.items()
            for sentence in _sentences(inner, "" if key == "_schema" else str(key))
        ]
    if isinstance(errors, Sequence) and not isinstance(errors, str):
        return [sentence for inner in errors for sentence in _sentences(inner, name)]
    return [f"--{name.replace('_', '-')}: {errors}" if name else str(errors)]


def _database_answer(error: DBAPIError) -> tuple[int, str] | None:
    """Return the exit code and the message of an error of the database, None if a statement was wrong."""
    if lacks_tables(error):
        return NOT_CONFIGURED, "the database is not set up: run `flask init`"
    if lacks_columns(error):
        return NOT_CONFIGURED, "the database is older than the program: run `flask db upgrade`"
    fault = database_fault(error)
    if fault is None:
        return None
    outcome = _after_commit() or f": nothing was changed, {fault.remedy}"
    return (NOT_CONFIGURED if fault.is_setup else FAILED), fault.reason + outcome
