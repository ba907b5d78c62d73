"""Output of commands, whatever stdout and stderr are connected to."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click


class OutputFailed(Exception):
    """Data could not be written to stdout; `is_closed` if its reader has ended."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror or "")
        self.reason = error.strerror or ""
        self.is_closed = isinstance(error, BrokenPipeError)


def output(text: str) -> None:
    """Print data on stdout.

    :raises OutputFailed: if it can't be written
    """
    with checked_output():
        if sys.stdout is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        click.echo(text, file=sys.stdout)


def info(message: str) -> None:
    """Print a message for people on stderr, if that can be written; stdout is for data."""
    try:
        click.echo(message, file=sys.stderr)
    except OSError:
        discard(sys.stderr)


@contextmanager
def checked_output() -> Iterator[None]:
    """Let this block write to stdout.

    :raises OutputFailed: if it can't be written
    """
    try:
        yield
    except OSError as error:
        discard(sys.stdout)
        raise OutputFailed(error) from error


def discard(stream: Any) -> None:
    """Discard what a stream still buffers: Python would fail on it at exit."""
    with suppress(AttributeError, OSError, ValueError):  # a stream may be missing, closed or in memory
        target = stream.fileno()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, target)
        os.close(null)


def replace_unencodable() -> None:
    """Replace characters that the encoding of stdout or stderr lacks."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
