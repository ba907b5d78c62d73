"""A bare Flask program that writes the rows of an invoice: those that were recorded of the clinic's own program.

Each of its three requests checks the API key, looks for an earlier answer under the idempotency key, reads the patient
or the invoice with its lines, and executes the recorded INSERTs and UPDATEs with the driver alone, with new ids, in as
many transactions as they were recorded in: the message is written in one of its own.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from secrets import token_hex
from typing import Any, NamedTuple

from flask import Flask, Response, abort, jsonify, request
from sqlalchemy import Engine, event

from clinic.core.ids import new_id

STEPS = ("create", "issue", "pay")

_ID = re.compile(r"id(__\d+)?")
_READS = {
    "create": ("SELECT * FROM patients WHERE id = {}", "SELECT * FROM clinics WHERE id = {}"),
    "issue": ("SELECT * FROM invoices WHERE id = {}", "SELECT * FROM invoice_lines WHERE invoice_id = {}"),
    "pay": ("SELECT * FROM invoices WHERE id = {}",),
}
_KEY = "SELECT * FROM api_keys WHERE key_hash = {}"
_ANSWERED = "SELECT fingerprint, answer FROM idempotent_requests WHERE id = {}"


class Write(NamedTuple):
    """A statement that the driver got, with its parameters, or a list of them."""

    statement: str
    parameters: Any
    is_many: bool


class Step(NamedTuple):
    """What one request wrote, by transaction, and what it answered."""

    transactions: Sequence[Sequence[Write]]
    answer: Mapping[str, Any]


@contextmanager
def recorded(engine: Engine) -> Iterator[list[list[Write]]]:
    """Record what the driver writes in each transaction."""
    found: list[list[Write]] = [[]]

    def execute(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, is_many: bool) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            found[-1].append(Write(statement, parameters, is_many))

    def commit(_connection: Any) -> None:
        if found[-1]:
            found.append([])

    event.listen(engine, "before_cursor_execute", execute)
    event.listen(engine, "commit", commit)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", execute)
        event.remove(engine, "commit", commit)
        found.pop()


class BareProgram:
    """The program on a database of its own, which has the same tables."""

    def __init__(self, connect: Callable[[], Any], steps: Mapping[str, Step], *, is_sqlite: bool) -> None:
        self.connection, self.steps, self.is_sqlite = connect(), steps, is_sqlite
        self.place, self.begin = ("?", "BEGIN IMMEDIATE") if is_sqlite else ("%s", "BEGIN")
        self.replacements: dict[Any, Any] = {}
        self.count = 0
        self.app = Flask("bare")
        self.app.testing = True
        self.app.add_url_rule("/invoices", view_func=self.create, methods=["POST"])
        self.app.add_url_rule("/invoices/<uuid:invoice_id>/issue", view_func=self.issue, methods=["POST"])
        self.app.add_url_rule("/invoices/<uuid:invoice_id>/payments", view_func=self.pay, methods=["POST"])

    def create(self) -> Response:
        """Store a draft."""
        self.count += 1
        self.replacements = {self.steps["issue"].answer["number"]: f"BARE-{self.count}"}
        return self._answer("create", request.get_json()["patient_id"], request.get_json()["clinic_id"])

    def issue(self, invoice_id: Any) -> Response:
        """Issue a draft."""
        request.get_json()
        return self._answer("issue", invoice_id, invoice_id)

    def pay(self, invoice_id: Any) -> Response:
        """Store a payment."""
        request.get_json()
        return self._answer("pay", invoice_id)

    def count_rows(self, table: str) -> int:
        """Return the number of rows of a table."""
        count: int = self.connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
        return count

    def _answer(self, step: str, *read: Any) -> Response:
        recorded_step, cursor = self.steps[step], self.connection.cursor()
        key = request.headers["Idempotency-Key"]
        claim = sha256(f"{request.path} {key}".encode()).hexdigest()
        if not self._fetched(cursor, _KEY, sha256(request.headers["Authorization"][7:].encode()).hexdigest()):
            abort(401)
        assert not self._fetched(cursor, _ANSWERED, claim)
        for at, writes in enumerate(recorded_step.transactions):
            cursor.execute(self.begin)
            for statement, one in zip(_READS[step] if not at else (), read, strict=False):
                assert self._fetched(cursor, statement, self._id(one)), statement
            for write in writes:
                self._execute(cursor, write, key)
            cursor.execute("COMMIT")
        answer = dict(recorded_step.answer)
        return jsonify({name: self._replaced(value) for name, value in answer.items()})

    def _fetched(self, cursor: Any, statement: str, value: Any) -> list[Any]:
        found: list[Any] = cursor.execute(statement.format(self.place), (value,)).fetchall()
        return found

    def _id(self, value: Any) -> Any:
        text = str(value).replace("-", "")
        return text if self.is_sqlite else value

    def _execute(self, cursor: Any, write: Write, key: str) -> None:
        rows = write.parameters if write.is_many else [write.parameters]
        sent = [self._parameters(write.statement, row, key) for row in rows]
        if write.is_many:
            cursor.executemany(write.statement, sent)
            return
        cursor.execute(write.statement, sent[0])
        if cursor.description:
            cursor.fetchall()

    def _parameters(self, statement: str, row: Any, key: str) -> Any:
        """Return parameters with new ids for old ones, the same in all statements of an invoice."""
        if isinstance(row, dict):
            if statement.startswith("INSERT"):
                self._note([value for name, value in row.items() if _ID.fullmatch(name)])
            return {name: self._new_key(name, value, key) for name, value in row.items()}
        if not statement.startswith("INSERT"):
            return [self._replaced(value) for value in row]
        columns = statement[statement.index("(") + 1 : statement.index(")")].split(", ")
        self._note([value for name, value in zip(columns, row, strict=False) if name == "id"])
        named = zip([*columns, *[""] * (len(row) - len(columns))], row, strict=True)
        return [self._new_key(name, value, key) for name, value in named]

    def _note(self, ids: Sequence[Any]) -> None:
        for old in ids:
            if old not in self.replacements:
                new = new_id()
                text = token_hex(32) if isinstance(old, str) and len(old) == 64 else new.hex
                self.replacements[old] = text if isinstance(old, str) else new
                self.replacements[_dashed(old)] = str(new)

    def _new_key(self, name: str, value: Any, key: str) -> Any:
        return key if name == "idempotency_key" and value else self._replaced(value)

    def _replaced(self, value: Any) -> Any:
        try:
            return self.replacements.get(value, value)
        except TypeError:  # a list of the answer, or a JSON value of PostgreSQL's driver
            return value


def _dashed(value: Any) -> str:
    text = str(value).replace("-", "")
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
