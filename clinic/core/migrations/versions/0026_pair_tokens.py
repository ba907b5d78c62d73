"""Pair tokens of the search hold whole words, and a record is found by the names and numbers of those merged into it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from clinic.core.text import digits
from clinic.patients.search.tokens import SearchableTexts, pair_tokens, tokens_of, words_of
from clinic.patients.search.typing_errors import may_have_error, variants

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_AT_ONCE = 2000
_CLINIC_BITS = (1 << 62) - 1
_PAIRS, _NAMES, _OLD_PAIR = "wx", "nr", 7

Key = tuple[int, int]
Tokens = frozenset[str]

_patients = sa.table(
    "patients",
    *(sa.column(name, sa.Uuid) for name in ("id", "clinic_id", "merged_into_id")),
    *(sa.column(name) for name in ("mrn", "family_name", "given_name", "preferred_name", "state")),
)
_details = sa.table(
    "patient_details",
    sa.column("patient_id", sa.Uuid),
    *(sa.column(name) for name in ("kind", "family_name", "given_name")),
)
_sets = sa.table("patient_token_sets", *(sa.column(name) for name in ("partition", "patient", "tokens")))


def upgrade() -> None:
    merged = _tokens_of_merged()
    _rewrite(lambda key, tokens: _with_pairs(tokens | merged.get(key, frozenset())))
    _insert_variants({(partition, word) for (partition, _), tokens in merged.items() for word in words_of(tokens)})


def downgrade() -> None:
    _rewrite(lambda _, tokens: frozenset(f"w{one[1:_OLD_PAIR]}" if one[0] in _PAIRS else one for one in tokens))


def _with_pairs(tokens: Iterable[str]) -> Tokens:
    """Return tokens with the pair tokens of their names, instead of those that they have."""
    others = {token for token in tokens if token[0] not in _PAIRS}
    return frozenset(others | pair_tokens(token for token in others if token[0] in _NAMES))


def _rewrite(change: Callable[[Key, Tokens], Tokens]) -> None:
    """Change the tokens of all patients, in the order of the index."""
    connection, last = op.get_bind(), None
    key = sa.tuple_(_sets.c.partition, _sets.c.patient)
    while rows := connection.execute(_after(key, last)).all():
        before = {(row.partition, row.patient): frozenset(row.tokens.split()) for row in rows}
        after = {key: change(key, tokens) for key, tokens in before.items()}
        gone = [_row(key, token) for key, tokens in before.items() for token in tokens - after[key]]
        added = [_row(key, token) for key, tokens in after.items() for token in tokens - before[key]]
        sets = [_row(key, f" {' '.join(sorted(tokens))} ") for key, tokens in after.items() if tokens != before[key]]
        for sql, values in (
            ("DELETE FROM patient_tokens WHERE partition = :partition AND token = :token AND patient = :patient", gone),
            ("INSERT INTO patient_tokens (partition, token, patient) VALUES (:partition, :token, :patient)", added),
            ("UPDATE patient_token_sets SET tokens = :token WHERE partition = :partition AND patient = :patient", sets),
        ):
            if values:
                connection.execute(sa.text(sql), values)
        last = (rows[-1].partition, rows[-1].patient)


def _after(key: Any, last: Key | None) -> sa.Select[Any]:
    query = sa.select(_sets).order_by(_sets.c.partition, _sets.c.patient).limit(_AT_ONCE)
    return query if last is None else query.where(key > last)


def _row(key: Key, token: str) -> dict[str, Any]:
    return {"partition": key[0], "token": token, "patient": key[1]}


def _tokens_of_merged() -> Mapping[Key, Tokens]:
    """Return the tokens of the names and numbers of merged records, by the record that remains."""
    connection = op.get_bind()
    merged = {row.id: row for row in connection.execute(sa.select(_patients).where(_patients.c.state == "merged"))}
    names: dict[Any, list[str | None]] = defaultdict(list)
    former = sa.select(_details).join(_patients, _patients.c.id == _details.c.patient_id)
    for row in connection.execute(former.where(_patients.c.state == "merged", _details.c.kind == "former-name")):
        names[row.patient_id] += [row.family_name, row.given_name]
    found: dict[Key, Tokens] = {}
    for row in merged.values():
        survivor_id = row.merged_into_id
        while survivor_id in merged:
            survivor_id = merged[survivor_id].merged_into_id
        survivor = connection.execute(sa.select(_patients).where(_patients.c.id == survivor_id)).one()
        given = (row.family_name, row.given_name, row.preferred_name, *names[row.id])
        texts = SearchableTexts(names=tuple(name for name in given if name), numbers=(row.mrn,))
        found[_key(survivor)] = found.get(_key(survivor), frozenset()) | tokens_of(texts)
    return found


def _key(patient: Any) -> Key:
    partition = int(patient.clinic_id.int) & _CLINIC_BITS
    return (partition if patient.state == "active" else -partition, -int(digits(patient.mrn) or 0))


def _insert_variants(words: Iterable[tuple[int, str]]) -> None:
    rows = [
        {"partition": partition, "variant": variant, "word": word}
        for partition, word in words
        if may_have_error(word)
        for variant in variants(word)
    ]
    sql = "INSERT INTO patient_name_variants (partition, variant, word) VALUES (:partition, :variant, :word)"
    if rows:
        op.get_bind().execute(sa.text(f"{sql} ON CONFLICT DO NOTHING"), rows)
