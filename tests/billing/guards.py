"""What the database itself refuses."""

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from clinic.core.db import db


def is_refused(statement: str) -> bool:
    """Return whether a constraint or a trigger refuses a statement, which changes nothing."""
    with db.engine.connect() as connection:
        try:
            connection.execute(text(statement))
        except IntegrityError:
            return True
    return False
