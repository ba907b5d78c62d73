"""What happened to an invoice, its payments and its corrections, in words, from the audit trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, Uuid, bindparam, select, union_all

from clinic.billing.service import Invoice
from clinic.billing.timeline import about_invoice
from clinic.billing.timeline_texts import SOURCES, Link
from clinic.core.db import db
from clinic.core.db.orm_session import prepared
from clinic.core.timeline_sources import TimelineRow, TimelineText
from clinic.core.timeline_statement import SUBJECTS, read_row, select_columns
from clinic.identity.actor_names import actor_names
from clinic.patients.service import Patient

MOST = 50

_INVOICE = bindparam("history_invoice", type_=Uuid())


@dataclass(frozen=True)
class HistoryEntry:
    """Something that happened: when, in words, and the name of who did it; `link` leads to another record."""

    at: datetime
    text: TimelineText
    actor_name: str | None
    link: Link | None


def history_of(invoice: Invoice, patient: Patient) -> Sequence[HistoryEntry]:
    """Return what happened to an invoice of a patient, the latest first, at most the latest 50, in two queries."""
    whose = list({*patient.record_ids, *(payment.patient_id for payment in invoice.payments)})
    found = db.session.execute(_statement(), {_INVOICE.key: invoice.id, SUBJECTS.key: whose}).all()
    rows = [(row.source, read_row(row)) for row in found]
    names = actor_names(row.actor for _, row in rows if row.actor)
    texts = {
        row.id: text
        for source in SOURCES
        for row, text in _presented(source, [row for name, row in rows if name == source.name])
    }
    return [
        HistoryEntry(row.at, texts[row.id], names.get(row.actor or ""), _link(row, texts[row.id], invoice))
        for _, row in rows
    ]


def _link(row: TimelineRow, text: TimelineText, invoice: Invoice) -> Link | None:
    return None if row.record_id == invoice.id else text.link


@cache
def _statement() -> Select[Any]:
    """Return the statement for what concerns an invoice, which is built once."""
    arms, about = [], about_invoice(_INVOICE)
    for source in SOURCES:
        rows = source.query(SUBJECTS).where(about[source.name]).subquery()
        arms.append(select_columns(source.name, rows))
    every = union_all(*arms).subquery()
    return prepared(select(every).order_by(every.c.at.desc(), every.c.id.desc()).limit(MOST))


def _presented(source: Any, rows: Sequence[TimelineRow]) -> Sequence[tuple[TimelineRow, TimelineText]]:
    return list(zip(rows, source.present(rows), strict=True))
