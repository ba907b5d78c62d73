"""A clinic has a country of its own; phone numbers have extensions and are indexed as they are dialled at home."""

import re
from typing import Any

import phonenumbers
import sqlalchemy as sa
from alembic import op

from clinic.core.ids import new_id
from clinic.core.places import country_of_zone
from clinic.core.text import digits, fold, words

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufe0f\ufeff]")

_clinics = sa.table("clinics", sa.column("id", sa.Uuid), sa.column("zone"), sa.column("country"))
_patients = sa.table(
    "patients",
    *(sa.column(name, sa.Uuid) for name in ("id", "clinic_id")),
    *(sa.column(name) for name in ("phone", "family_name", "given_name", "preferred_name", "sort_name")),
)
_words = sa.table(
    "patient_words",
    *(sa.column(name, sa.Uuid) for name in ("id", "clinic_id", "patient_id")),
    sa.column("word"),
    sa.column("is_contact", sa.Boolean),
)


def upgrade() -> None:
    op.add_column("clinics", sa.Column("country", sa.String(length=2), nullable=True))
    _set_length_of_phones(50, since=20)
    _set_countries()
    _add_phone_words()
    _index_names_anew()


def downgrade() -> None:
    op.drop_column("clinics", "country")
    op.execute(
        "UPDATE patients SET phone = replace(rtrim(phone, '0123456789'), ';ext=', '') WHERE phone LIKE '%;ext=%'"
    )
    _set_length_of_phones(20, since=50)


def _set_length_of_phones(length: int, *, since: int) -> None:
    """Change the column's type; SQLite can't, so that another column takes its name."""
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("patients", "phone", type_=sa.String(length), existing_type=sa.String(since))
        return
    op.add_column("patients", sa.Column("phone_of_length", sa.String(length), nullable=True))
    op.execute("UPDATE patients SET phone_of_length = phone")
    op.drop_column("patients", "phone")
    op.execute("ALTER TABLE patients RENAME COLUMN phone_of_length TO phone")


def _set_countries() -> None:
    for row in _rows(sa.select(_clinics)):
        country = country_of_zone(row.zone)
        op.execute(_clinics.update().where(_clinics.c.id == row.id).values(country=country))


def _add_phone_words() -> None:
    for row in _rows(sa.select(_patients).where(_patients.c.phone.is_not(None))):
        _add_words(row, _dialled_at_home(row.phone), is_contact=True)


def _dialled_at_home(phone: str) -> set[str]:
    """Return the forms of a number that were not indexed: `06 30 …` and `+36 06 30 …`."""
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return set()
    national = str(number.national_number)
    at_home = digits(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL))
    return {at_home, f"{number.country_code}{at_home}"} - {digits(phone), national, "0" + national}


def _index_names_anew() -> None:
    """Index names with marks and joiners as a search now reads them: without."""
    for row in _rows(sa.select(_patients)):
        names = [name for name in (row.family_name, row.given_name, row.preferred_name) if name]
        if _INVISIBLE.search(" ".join(names)):
            _add_words(row, {word[:100] for name in names for word in words(name)}, is_contact=False)
            sort_name = fold(" ".join(name for name in (row.family_name, row.given_name) if name))[:300]
            op.execute(_patients.update().where(_patients.c.id == row.id).values(sort_name=sort_name))


def _add_words(patient: Any, found: set[str], *, is_contact: bool) -> None:
    owner = {"clinic_id": patient.clinic_id, "patient_id": patient.id, "is_contact": is_contact}
    if found:
        op.bulk_insert(_words, [{"id": new_id(), "word": word, **owner} for word in sorted(found)])


def _rows(query: Any) -> Any:
    return op.get_bind().execute(query).all()
