"""Pairs of possible duplicates have a score without contact details, for those who may not see these."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

POINTS = {
    "same-name": 50,
    "same-name-but-accents": 50,
    "names-swapped": 46,
    "other-order": 46,
    "further-name": 44,
    "sounds-alike": 42,
    "same-family": 25,
    "same-given": 7,
    "same-birth-date": 42,
    "day-and-month-swapped": 30,
    "only-day-differs": 21,
    "only-month-differs": 21,
    "only-year-differs": 21,
    "birth-date-partly-known": 6,
    "other-birth-date": -30,
    "same-identifier": 60,
    "other-sex": -25,
}
"""The points of the reasons that have nothing to do with contact details, as of this revision."""

PAIRS = sa.table(
    "duplicate_pairs", sa.column("id", sa.Uuid()), sa.column("reasons", sa.JSON()), sa.column("open_score")
)


def upgrade() -> None:
    op.add_column("duplicate_pairs", sa.Column("open_score", sa.Integer(), nullable=False, server_default="0"))
    connection = op.get_bind()
    update = sa.update(PAIRS).where(PAIRS.c.id == sa.bindparam("pair")).values(open_score=sa.bindparam("score"))
    rows = connection.execute(sa.select(PAIRS.c.id, PAIRS.c.reasons)).all()
    if rows:
        connection.execute(update, [{"pair": pair, "score": _score(reasons)} for pair, reasons in rows])
    columns = ["clinic_id", "state", "open_score", "id"]
    op.create_index("ix_duplicate_pairs_open_score", "duplicate_pairs", columns, unique=False)


def downgrade() -> None:
    op.drop_index("ix_duplicate_pairs_open_score", table_name="duplicate_pairs")
    op.drop_column("duplicate_pairs", "open_score")


def _score(reasons: list[str]) -> int:
    return max(0, min(sum(POINTS.get(code, 0) for code in reasons), 100))
