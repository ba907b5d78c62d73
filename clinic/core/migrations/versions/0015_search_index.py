"""The search index has tokens of each kind under short integer keys instead of words with four UUIDs each."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from clinic.core.text import digits
from clinic.patients.search.tokens import SearchableTexts, tokens_of, words_of
from clinic.patients.search.typing_errors import may_have_error, variants

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_AT_ONCE = 2000
_CLINIC_BITS = (1 << 62) - 1

_NAMES = ("family_name", "given_name", "preferred_name")
_patients = sa.table(
    "patients",
    sa.column("id", sa.Uuid),
    sa.column("clinic_id", sa.Uuid),
    *(sa.column(name) for name in ("mrn", *_NAMES, "birth_date", "phone", "email", "state")),
)
_details = sa.table(
    "patient_details",
    sa.column("patient_id", sa.Uuid),
    *(sa.column(name) for name in ("kind", "family_name", "given_name", "value")),
)
_token = sa.String(60, collation="C").with_variant(sa.String(60), "sqlite")
_columns: dict[str, sa.types.TypeEngine[Any]] = {
    "partition": sa.BigInteger(),
    "token": _token,
    "patient": sa.Integer(),
    "tokens": sa.Text(),
    "variant": _token,
    "word": _token,
}
_tables = {
    "patient_tokens": (("partition", "token", "patient"), ()),
    "patient_token_sets": (("partition", "patient"), ("tokens",)),
    "patient_name_variants": (("partition", "variant", "word"), ()),
}
"""The key and the other columns of each table."""


def upgrade() -> None:
    op.drop_table("patient_words")
    for name, (key, others) in _tables.items():
        op.create_table(
            name,
            *(sa.Column(column, _columns[column], nullable=False) for column in (*key, *others)),
            sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{name}")),
            sqlite_with_rowid=False,
        )
    _index_patients()


def downgrade() -> None:
    for name in _tables:
        op.drop_table(name)
    op.create_table(
        "patient_words",
        sa.Column("word", sa.String(300, collation="C").with_variant(sa.String(300), "sqlite"), nullable=False),
        sa.Column("is_contact", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in ("patient_id", "clinic_id", "id")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_patient_words_clinic_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_patient_words_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_words")),
    )
    op.create_index("ix_patient_words_patient", "patient_words", ["clinic_id", "patient_id"])
    op.create_index("ix_patient_words_word", "patient_words", ["clinic_id", "word", "patient_id"])


def _index_patients() -> None:
    """Store the tokens of all patients, as the program does when it registers one."""
    last, words = None, set()
    while patients := _patients_after(last):
        words |= _insert_tokens(patients)
        last = patients[-1].id
    long = sorted((partition, word) for partition, word in words if may_have_error(word))
    for start in range(0, len(long), _AT_ONCE):
        rows = [(*key, variant) for key in long[start : start + _AT_ONCE] for variant in variants(key[1])]
        _insert(
            "patient_name_variants", [dict(zip(("partition", "word", "variant"), row, strict=True)) for row in rows]
        )


def _patients_after(last: Any) -> Sequence[Any]:
    query = sa.select(_patients).order_by(_patients.c.id).limit(_AT_ONCE)
    query = query if last is None else query.where(_patients.c.id > last)
    return op.get_bind().execute(query).all()


def _insert_tokens(patients: Sequence[Any]) -> set[tuple[int, str]]:
    """Store the tokens of patients; return the words of their names, each with its partition."""
    tokens, sets, words = [], [], set()
    details = _details_of(patients)
    for patient in patients:
        key = {"partition": _partition(patient), "patient": -int(digits(patient.mrn) or 0)}
        found = sorted(_tokens(patient, details[patient.id]))
        words |= {(key["partition"], word) for word in words_of(found)}
        tokens += [key | {"token": token} for token in found]
        sets.append(key | {"tokens": f" {' '.join(found)} "})
    _insert("patient_tokens", tokens)
    _insert("patient_token_sets", sets)
    return words


def _details_of(patients: Sequence[Any]) -> Mapping[UUID, Sequence[Any]]:
    found = defaultdict(list)
    query = sa.select(_details).where(_details.c.patient_id.between(patients[0].id, patients[-1].id))
    for row in op.get_bind().execute(query):
        found[row.patient_id].append(row)
    return found


def _insert(table: str, rows: list[dict[str, Any]]) -> None:
    columns = [name for part in _tables[table] for name in part]
    op.bulk_insert(sa.table(table, *(sa.column(name, _columns[name]) for name in columns)), rows)


def _partition(patient: Any) -> int:
    partition = int(patient.clinic_id.int) & _CLINIC_BITS
    return partition if patient.state == "active" else -partition


def _tokens(patient: Any, details: Iterable[Any]) -> frozenset[str]:
    values: dict[str, list[str | None]] = defaultdict(list)
    for one in details:
        values[one.kind] += [one.family_name, one.given_name, one.value]
    texts = SearchableTexts(
        family_name=patient.family_name,
        given_name=patient.given_name,
        names=_given(patient.preferred_name, *values["former-name"]),
        numbers=(patient.mrn,),
        birth_dates=_given(patient.birth_date),
        phones=_given(patient.phone, *values["phone"]),
        emails=_given(patient.email, *values["email"]),
        identifiers=_given(*values["identifier"]),
    )
    return tokens_of(texts)


def _given(*texts: str | None) -> tuple[str, ...]:
    return tuple(text for text in texts if text)
