"""What is written down about an error: enough to find its cause, nothing that anybody typed."""

from uuid import UUID

import pytest
from sqlalchemy import Executable, insert, text
from sqlalchemy.exc import DBAPIError

from clinic.appointments.service import Practitioner
from clinic.core.db import db
from clinic.core.logging.error_summary import error_name
from clinic.identity.models import Clinic

pytestmark = pytest.mark.both_databases

NAME = "Inês Pereira"
A_CLINIC = {"name": NAME, "zone": "UTC", "currency": "EUR", "locale": "en_GB"}

REFUSED = [
    (
        insert(Clinic).values(A_CLINIC | {"name": "Clínica São João"}),
        "IntegrityError[23505:uq_clinics_name]",
        "IntegrityError[SQLITE_CONSTRAINT_UNIQUE:clinics.name]",
    ),
    (
        insert(Clinic).values(A_CLINIC | {"idle_minutes": 0}),
        "IntegrityError[23514:ck_clinics_idle_minutes]",
        "IntegrityError[SQLITE_CONSTRAINT_CHECK:ck_clinics_idle_minutes]",
    ),
    (
        insert(Clinic).values(A_CLINIC | {"zone": None}),
        "IntegrityError[23502:zone]",
        "IntegrityError[SQLITE_CONSTRAINT_NOTNULL:clinics.zone]",
    ),
    (
        insert(Practitioner).values(clinic_id=UUID(int=7), name=NAME),
        "IntegrityError[23503:fk_practitioners_clinic_id]",
        "IntegrityError[SQLITE_CONSTRAINT_FOREIGNKEY]",
    ),
    (text(f"SELECT '{NAME}' FROM nowhere"), "ProgrammingError[42P01]", "OperationalError[SQLITE_ERROR]"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("statement", "on_postgresql", "on_sqlite"), REFUSED)
@pytest.mark.usefixtures("inside")
def test_the_name_of_a_database_error_has_only_class_state_and_constraint(
    statement: Executable, on_postgresql: str, on_sqlite: str
) -> None:
    told = error_name(the_error_of(statement))

    is_postgresql = db.engine.dialect.name == "postgresql"
    assert told == f"sqlalchemy.exc.{on_postgresql if is_postgresql else on_sqlite}"


@pytest.mark.usefixtures("inside")
def test_the_message_of_a_trigger_is_kept_only_if_it_is_an_identifier() -> None:
    error = the_error_of(text("SELECT 1 FROM nowhere"))
    for words, told in [("patients_free", "[SQLITE_CONSTRAINT_TRIGGER:patients_free]"), ("Inês was here", "")]:
        error.orig = _Raised(words)

        assert error_name(error).endswith(told or "[SQLITE_CONSTRAINT_TRIGGER]")


def test_the_name_of_another_error_is_its_class() -> None:
    assert error_name(ValueError("Inês")) == "ValueError"


def the_error_of(statement: Executable) -> DBAPIError:
    with pytest.raises(DBAPIError) as caught, db.engine.begin() as connection:
        connection.execute(statement)
    return caught.value


class _Raised(Exception):
    sqlite_errorname = "SQLITE_CONSTRAINT_TRIGGER"
