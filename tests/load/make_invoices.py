"""A great many invoices for measurements: copies of some that were issued through the service, spread over years."""

from typing import Any

from sqlalchemy import Connection, Table, text

from clinic.billing.models import Invoice, InvoiceLine
from clinic.billing.service import billing_service
from clinic.core.clock import today
from clinic.core.db import db
from tests.billing.invoices import a_draft, a_line, euros
from tests.builders import a_patient
from tests.databases import without_guards

TEMPLATES, DAYS = 40, 1500
"""How many invoices are issued through the service, and over how many days their copies are spread."""

_TABLES: tuple[Table, ...] = (InvoiceLine.__table__, Invoice.__table__)  # type: ignore[assignment]


def fill(count: int) -> None:
    """Store so many invoices of the current clinic with lines: drafts, open, part paid, paid and cancelled ones."""
    for number in range(TEMPLATES):
        _template(number)
    with db.engine.begin() as connection, without_guards(connection, "invoice_lines"):
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for table in reversed(_TABLES):
            connection.execute(text(_copies(connection, table)), {"copies": (count - TEMPLATES) // TEMPLATES})
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def _template(number: int) -> None:
    draft = a_draft(a_patient(family_name=f"Sousa {number}", email=None), [a_line(1000 + 100 * number)])
    kind = number % 8
    if not kind:
        return
    invoice = billing_service.issue(draft.id, issued_on=today("Europe/Lisbon"))
    if kind > 4:
        billing_service.record_payment(invoice.id, amount=invoice.due, method="card")
    if kind == 3:
        billing_service.record_payment(invoice.id, amount=euros(500), method="card")
    if kind == 4:
        billing_service.credit_invoice(invoice.id, reason="goodwill", lines=None)


def _copies(connection: Connection, table: Table) -> str:
    """Return the statement that copies the rows of a table `:copies` times with ids, numbers and dates of their own."""
    is_sqlite = connection.dialect.name == "sqlite"
    own = _own_values(is_sqlite)
    columns = [column.name for column in table.columns if column.computed is None]
    values = [own.get(name, "{}").format(f"row.{name}") for name in columns]
    series = "SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < :copies"
    return (
        f"WITH RECURSIVE numbers (n) AS ({series}) INSERT INTO {table.name} ({', '.join(columns)}) "
        f"SELECT {', '.join(values)} FROM numbers CROSS JOIN {table.name} AS row WHERE :copies > 0 ORDER BY n"
    )


def _own_values(is_sqlite: bool) -> dict[str, Any]:
    """Return the expressions of what differs from the copied row: the higher the number, the newer the invoice."""
    if is_sqlite:
        id_, digits = "printf('%08x', n) || substr({}, 9)", "printf('%08d', n)"
        day = f"date({{}}, '-' || ({DAYS} - n * {DAYS} / :copies) || ' days')"
    else:
        id_ = "CAST(lpad(to_hex(n), 8, '0') || substr(CAST({} AS text), 9) AS uuid)"
        digits = "lpad(CAST(n AS text), 8, '0')"
        day = f"{{}} - CAST({DAYS} - CAST(n AS bigint) * {DAYS} / :copies AS integer)"
    return {
        "id": id_,
        "invoice_id": id_,
        "number": f"{digits} || substr({{}}, 9)",
        "issued_on": day,
        "due_on": day,
    }
