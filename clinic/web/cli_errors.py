"""Errors of commands: one line on stderr that names options as they were typed, and an exit code."""

import getpass
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import uuid4

import click
from flask import current_app
from marshmallow import ValidationError
from sqlalchemy.exc import DBAPIError

from clinic.core.context import as_actor
from clinic.core.db.engine import lacks_columns, lacks_tables
from clinic.core.db.faults import database_fault
from clinic.core.db.sqlite_files import DatabaseReplaced
from clinic.core.db.transaction import ChangedRow, current_outcome, reset_outcome
from clinic.core.errors import (
    ClinicError,
    Conflict,
    Duplicate,
    InvalidInput,
    NotFound,
    NotSetUp,
    PermissionDenied,
    StaleVersion,
)
from clinic.core.logging.error_summary import error_name, traceback_summary
from clinic.core.logging.formatters import log_exception, logs_to_terminal, no_log_on_terminal
from clinic.web.cli_output import OutputFailed, info, replace_unencodable

FAILED, USAGE, NO_SUCH, NOT_CONFIGURED, CONFLICTING = 1, 2, 3, 4, 5

EXIT_CODES = "Exit codes: 0 done, 1 failed, 2 wrong input, 3 not found, 4 not permitted or not set up, 5 conflict."

_CODES: dict[type[ClinicError], int] = {
    NotFound: NO_SUCH,
    Conflict: CONFLICTING,
    StaleVersion: CONFLICTING,
    Duplicate: CONFLICTING,
    InvalidInput: USAGE,
    PermissionDenied: NOT_CONFIGURED,
    NotSetUp: NOT_CONFIGURED,
}

_TYPED = "clinic.typed"
_FIELD_ENDINGS = ("_id", "_at", "_on")
"""A field like `patient_id` is chosen by an option like `--patient`."""


@dataclass(frozen=True)
class _Typed:
    """The parameters of the running command, and the words with which it was called."""

    parameters: Sequence[click.Parameter]
    words: Sequence[str]

    def name_of(self, field: str) -> str:
        """Return the option or argument that a field was read from as it was typed, empty if there is none."""
        plain = next((field.removesuffix(ending) for ending in _FIELD_ENDINGS if field.endswith(ending)), field)
        for name in (field, plain):
            for parameter in self.parameters:
                if name == parameter.name or f"--{name.replace('_', '-')}" in parameter.opts:
                    return self._written(parameter)
        return ""

    def _written(self, parameter: click.Parameter) -> str:
        if isinstance(parameter, click.Argument):
            return parameter.metavar or str(parameter.name).upper()
        typed = {word.partition("=")[0] for word in self.words}
        return next((option for option in parameter.opts if option in typed), parameter.opts[0])


class Command(click.Command):
    """A command whose errors name its options as they were typed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words of a call, and keep them for errors."""
        ctx.meta[_TYPED] = _Typed(self.params, tuple(args))
        return super().parse_args(ctx, args)


@contextmanager
def handle_errors(*, logs: bool = False) -> Iterator[None]:
    """Act as the user of the operating system, with one request id; print expected errors as one line and exit.

    An error after a commit says that the command is done. A reader that ends early, like `head`, is no error. On a
    terminal nothing is logged, unless the command's own output is its log (`logs`).
    """
    reset_outcome()
    replace_unencodable()
    actor = as_actor(f"cli:{getpass.getuser()}@{platform.node()}", request_id=uuid4().hex)
    with nullcontext() if logs else no_log_on_terminal(), _reported(), actor:
        yield


@contextmanager
def _reported() -> Iterator[None]:
    """Print an error as one line and exit with its code."""
    try:
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
        where = f"at {traceback_summary(error)}" if logs_to_terminal() else "see the log"
        fail(FAILED, f"unexpected error ({error_name(error)}), {where}{outcome}")


def fail(code: int, message: str) -> NoReturn:
    """Print an error as one line on stderr and exit."""
    info("Error: " + " ".join(message.split()))
    sys.exit(code)


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


def _sentences(errors: Any) -> list[str]:
    """Return the errors of fields as sentences, each with the option that was typed."""
    if not isinstance(errors, Mapping):
        return [str(error) for error in errors]
    typed = click.get_current_context().meta.get(_TYPED, _Typed((), ()))
    named = {field: typed.name_of(str(field)) for field in errors}
    return [sentence for field, inner in errors.items() for sentence in _prefixed(inner, named[field])]


def _prefixed(errors: Any, name: str) -> list[str]:
    """Return the possibly nested errors of one option as sentences; of an option given several times with its count."""
    if isinstance(errors, Mapping):
        counted = {key: f"{name} ({key + 1})" if isinstance(key, int) and name else name for key in errors}
        return [sentence for key, inner in errors.items() for sentence in _prefixed(inner, counted[key])]
    if isinstance(errors, str):
        return [f"{name}: {errors}" if name else errors]
    return [sentence for inner in errors for sentence in _prefixed(inner, name)]


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
