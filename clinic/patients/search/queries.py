"""The statements that read the search index."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, and_, literal, not_, null, or_, select, tuple_, union_all
from sqlalchemy.sql import CompoundSelect

from clinic.core.db.text_position import text_position
from clinic.patients.models import NameVariant, PatientToken, PatientTokens
from clinic.patients.search.stages import Branch
from clinic.patients.search.terms import Form, Term
from clinic.patients.search.typing_errors import may_have_error, variants

RECENT, SIMILAR = -1, -2
"""Numbers of the parts of a statement that belong to no branch."""

Rows: TypeAlias = Select[Any, Any, Any, Any]
"""The number of a branch, a token, a patient and all tokens of the patient."""

_MOST_VARIANTS = 500


@dataclass(frozen=True, order=True)
class Place:
    """Where a record stands among the matches: its branch, the token in the branch, and its key."""

    branch: int
    token: str
    patient: int


def one_statement(parts: Sequence[Rows]) -> CompoundSelect[Any, Any, Any, Any]:
    """Return queries as one statement; each is a subquery, as only so SQLite takes its limit."""
    return union_all(*(select(part.subquery()) for part in parts))


def branch_query(
    number: int, partition: int, branch: Branch, size: int, *, after: Place | None = None, but: Iterable[Branch] = ()
) -> Rows:
    """Return the query of at most `size` records of a branch, after a place, that stand in no branch of `but`."""
    tokens = select(PatientTokens.tokens).where(
        PatientTokens.partition == PatientToken.partition, PatientTokens.patient == PatientToken.patient
    )
    rows = (
        select(PatientToken.token, PatientToken.patient, tokens.correlate(PatientToken).scalar_subquery().label("all"))
        .where(PatientToken.partition == partition, *_within(branch))
        .order_by(PatientToken.token, PatientToken.patient)
        .offset(0)  # read in this order and no further than the limit, instead of joining all tokens that match
    )
    if after:
        rows = rows.where(tuple_(PatientToken.token, PatientToken.patient) > (after.token, after.patient))
    found = rows.subquery().c
    query: Rows = select(literal(number).label("branch"), found.token, found.patient, found.all.label("tokens"))
    query = query.where(*_conditions(branch, found.all)).limit(size)
    if not branch.range.whole and not branch.contained:  # all tokens are sorted: the first one of the range only
        own = text_position(found.all, literal(" ").concat(found.token).concat(" "))
        query = query.where(text_position(found.all, branch.range.inside) == own)
    for other in but:
        query = query.where(not_(and_(_has(found.all, [other.range]), *_conditions(other, found.all))))
    return query


def _within(branch: Branch) -> list[ColumnElement[bool]]:
    form = branch.range
    if form.whole:
        return [PatientToken.token == form.token]
    contained = [text_position(PatientToken.token, branch.contained) > 0] if branch.contained else []
    return [PatientToken.token >= form.token, PatientToken.token < form.end, *contained]


def _conditions(branch: Branch, tokens: Any) -> list[ColumnElement[bool]]:
    return [_has(tokens, forms) for forms in branch.conditions]


def _has(tokens: Any, forms: Iterable[Form]) -> ColumnElement[bool]:
    return or_(*(text_position(tokens, form.inside) > 0 for form in forms))


def similar_query(terms: Sequence[Term], partitions: Sequence[int]) -> Rows | None:
    """Return the query of the words that may be one typing error away from a term, None if no term is long enough."""
    wanted = {variant for term in terms if term.word and may_have_error(term.word) for variant in variants(term.word)}
    if not wanted:
        return None
    number, none = literal(SIMILAR).label("branch"), literal(0).label("patient")
    query: Rows = select(number, NameVariant.word.label("token"), none, null().label("tokens"))
    return query.where(NameVariant.partition.in_(partitions), NameVariant.variant.in_(sorted(wanted))).limit(
        _MOST_VARIANTS
    )


def recent_query(partition: int, patients: Collection[int]) -> Rows:
    """Return the query of the tokens of some patients."""
    number, none = literal(RECENT).label("branch"), literal("").label("token")
    query: Rows = select(number, none, PatientTokens.patient, PatientTokens.tokens)
    return query.where(PatientTokens.partition == partition, PatientTokens.patient.in_(patients))
