"""The search index of patients, kept by the service and rebuilt by `flask patients reindex`.

`partition` is the clinic, as the 62 random bits of its id; it is negative for records that are only found on request.
`patient` is the number of the medical record, negative, so that the newest come first in the order of the index.
"""

from sqlalchemy import BigInteger, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base

TOKEN = String(60, collation="C").with_variant(String(60), "sqlite")
"""Collation by bytes on both databases, so that a range predicate finds prefixes."""

_COMPACT = {"sqlite_with_rowid": False}


class PatientToken(Base):
    """A token of a patient: its first character is the kind."""

    __tablename__ = "patient_tokens"
    __audited__ = False
    __table_args__ = _COMPACT

    partition: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    token: Mapped[str] = mapped_column(TOKEN, primary_key=True)
    patient: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)


class PatientTokens(Base):
    """All tokens of a patient, between spaces."""

    __tablename__ = "patient_token_sets"
    __audited__ = False
    __table_args__ = _COMPACT

    partition: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    patient: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    tokens: Mapped[str] = mapped_column(Text)


class NameVariant(Base):
    """A name word that some patient has, under what is left of it without one letter."""

    __tablename__ = "patient_name_variants"
    __audited__ = False
    __table_args__ = _COMPACT

    partition: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    variant: Mapped[str] = mapped_column(TOKEN, primary_key=True)
    word: Mapped[str] = mapped_column(TOKEN, primary_key=True)
