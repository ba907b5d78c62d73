"""The head of the hash chain; the entries themselves are `clinic.core.audit.AuditEntry`."""

from sqlalchemy import BigInteger, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base


class AuditHead(Base):
    """Position and seal of the last sealed entry: a single row, locked while entries are sealed.

    The copy outside the database is the checkpoint, `clinic/audit/checkpoint.py`.
    """

    __tablename__ = "audit_heads"
    __audited__ = False

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger)
    seal: Mapped[str] = mapped_column(String(64))
