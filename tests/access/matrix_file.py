"""The reviewed file: what each route answers to each kind of caller."""

import fcntl
import os
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

from tests.access.routes import METHODS

FILE = Path(__file__).parent / "matrix.txt"

COLUMNS = (
    "anonymous",
    "administrator",
    "manager",
    "receptionist",
    "practitioner",
    "billing-clerk",
    "read-only",
    "denied",
)

HEADER = """\
# Who gets which answer from which route. Reviewed by people: a wrong number here is a hole in the house.
#
# A cell is the status for one's own record / another clinic's / a missing one; one number stands for all three,
# a dash where no clinic has such a thing. Methods that answer alike share a line. A method that stands nowhere here
# is answered 405 to everybody. "denied" is somebody to whom every permission is denied. Pages are asked with a session
# and a valid form token, the API with a key that has the role's permissions, both with a body that would be carried
# out. 302 and 401 send strangers to sign in, 303 says that something was done.
#
# Written by: CLINIC_WRITE_MATRIX=1 python -m pytest -m "not postgresql" tests/access/test_matrix.py
"""

WRITTEN_ANEW = os.environ.get("CLINIC_WRITE_MATRIX") == "1"
"""Whether the tests write the file instead of comparing it."""

Key = tuple[str, str]
Table = dict[Key, dict[str, str]]


def read_table() -> Table:
    """Return the cells of every route by column."""
    table: Table = {}
    lines = FILE.read_text(encoding="utf-8").splitlines() if FILE.exists() else []
    for line in lines[1:]:
        if line and not line.startswith("#") and not line.startswith("rule "):
            rule, *words = line.split()
            methods, cells = words[: -len(COLUMNS)], words[-len(COLUMNS) :]
            table |= {(rule, method): dict(zip(COLUMNS, cells, strict=True)) for method in methods}
    return table


def write_column(column: str, cells: Mapping[Key, str]) -> None:
    """Put what was answered in a column into the file, and leave out routes that are no more."""
    with FILE.open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = read_table()
        empty = dict.fromkeys(COLUMNS, "?")
        FILE.write_text(_written({key: before.get(key, empty) | {column: cells[key]} for key in cells}), "utf-8")


def differences(column: str, cells: Mapping[Key, str], table: Table) -> list[str]:
    """Return in words what is answered otherwise than the file says."""
    expected = {key: table[key][column] for key in table}
    pairs = {key: (cells.get(key, "nothing"), expected.get(key, "nothing")) for key in cells.keys() | expected.keys()}
    return [
        f"{method} {rule} answers {actual} to {column}, the file says {recorded}"
        for (rule, method), (actual, recorded) in sorted(pairs.items())
        if actual != recorded
    ]


def _written(table: Table) -> str:
    lines = [("rule", "methods", *COLUMNS), *_lines(table)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(lines[0]))]
    aligned = ("  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)) for line in lines)
    return HEADER + "\n".join(line.rstrip() for line in aligned) + "\n"


def _lines(table: Table) -> Iterable[tuple[str, ...]]:
    """Return a line for each rule and set of answers, with the methods that answer so."""
    for rule, keys in groupby(sorted(table), key=lambda key: key[0]):
        alike: dict[tuple[str, ...], list[str]] = {}
        for key in sorted(keys, key=lambda key: METHODS.index(key[1])):
            alike.setdefault(tuple(table[key][column] for column in COLUMNS), []).append(key[1])
        yield from ((rule, " ".join(methods), *cells) for cells, methods in alike.items())
