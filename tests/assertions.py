"""What tests look at afterwards: rows, stored events, parts of answers."""

import html
import io
import re
from functools import cache
from typing import Any

from flask import Flask
from pypdf import PdfReader
from sqlalchemy import Column, Select, Table, func, select
from werkzeug.test import TestResponse

from clinic.core.db import Base, db

LOOKING = {"audit_entries", "audit_heads", "sign_ins", "throttles"}
"""Tables that grow when somebody only looks, or tries to."""


def row_counts(app: Flask) -> dict[str, int]:
    """Return how many rows each table has, whoever owns them; those that record looking are left out."""
    with app.app_context(), db.engine.connect() as connection:
        return dict(connection.execute(_row_counts()).one()._mapping)


@cache
def _row_counts() -> Select[tuple[int, ...]]:
    tables = [table for table in Base.metadata.sorted_tables if table.name not in LOOKING]
    return select(*(select(func.count()).select_from(table).scalar_subquery().label(table.name) for table in tables))


def contents(app: Flask) -> dict[str, set[str]]:
    """Return what stands in each table, whoever owns it; but for what records that somebody looked."""
    with app.app_context(), db.engine.connect() as connection:
        return {
            table.name: {repr(tuple(row)) for row in connection.execute(select(*_lasting(table)))}
            for table in Base.metadata.sorted_tables
            if table.name not in LOOKING
        }


def _lasting(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if column.name != "last_used_at"]


def rows(app: Flask, table: str) -> list[dict[str, Any]]:
    """Return all rows of a table, the oldest first, whoever owns them."""
    wanted = Base.metadata.tables[table]
    with app.app_context(), db.engine.connect() as connection:
        return [dict(row) for row in connection.execute(select(wanted).order_by(*wanted.primary_key)).mappings()]


def stored_events(app: Flask, name: str) -> list[dict[str, Any]]:
    """Return the data of every stored event of a name, the oldest first."""
    return [event["data"] for event in rows(app, "events") if event["type"] == name]


def masked(answer: TestResponse) -> str:
    """Return the body of an answer without the id of its request and the token of its forms, which tells the time."""
    written = re.sub(r'(?<=name="csrf_token" value=")[^"]*', "TOKEN", answer.text)
    return written.replace(answer.headers["X-Request-ID"], "REQUEST")


def pointers(answer: TestResponse) -> list[str]:
    """Return which parts of a body a problem is about."""
    return [error["pointer"] for error in answer.get_json(force=True)["errors"]]


def words_about(answer: TestResponse, pointer: str) -> str:
    """Return what a problem says of one part of the body."""
    found: str = next(error["detail"] for error in answer.get_json(force=True)["errors"] if error["pointer"] == pointer)
    return found


def element(page: str, element_id: str) -> str:
    """Return the opening tag of the element of an id."""
    match = re.search(rf'<[a-z]+[^>]*\bid="{re.escape(element_id)}"[^>]*>', page)
    assert match, f"the page has no element {element_id}"
    return match[0]


def spoken(page: str) -> str:
    """Return the words of a page as people read them."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", re.sub(r"</?(b|mark)>", "", page))).split())


def title(page: str) -> str:
    """Return the title of a page."""
    match = re.search(r"<title>(.*?)</title>", page, re.DOTALL)
    assert match, "the page has no title"
    return html.unescape(match[1])


def told_by(answer: TestResponse) -> str:
    """Return what an answer's body says; of a PDF, what its pages say and what it says of itself."""
    if answer.mimetype != "application/pdf" or not answer.data:
        return answer.text
    pdf = PdfReader(io.BytesIO(answer.data))
    return "\n".join([*(page.extract_text() for page in pdf.pages), *map(str, (pdf.metadata or {}).values())])
