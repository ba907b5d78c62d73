"""The database session: filtered by clinic, writing only inside a unit of work."""

from logging import getLogger

from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import Uuid, bindparam, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria

from clinic.core.db.mixins import ClinicScoped
from clinic.core.logging.error_summary import error_name
from clinic.core.tenancy import current_clinic_id

_log = getLogger("clinic.database")

_IN_FORCE = bindparam("clinic_in_force", callable_=current_clinic_id, type_=Uuid())
"""Asked when a statement with a clinic's own rows is executed, and only then."""

_OF_THE_CLINIC = with_loader_criteria(ClinicScoped, lambda cls: cls.clinic_id == _IN_FORCE, include_aliases=True)


class OutsideUnitOfWork(RuntimeError):
    """Rows were to be written without a unit of work."""


class UnitOfWorkOpen(RuntimeError):
    """A transaction was to be ended by somebody else than its unit of work."""


class ForeignRow(RuntimeError):
    """A row of another clinic than the one in force was to be written."""


class ClinicSession(FlaskSession):
    """A session that ends its transaction only through its unit of work."""

    @property
    def writing(self) -> bool:
        """Whether a unit of work is open on this session."""
        return bool(self.info.get("writing"))

    def commit(self) -> None:
        """Commit; inside a unit of work only that does so."""
        self._refuse_inside_work()
        super().commit()

    def rollback(self) -> None:
        """Roll back; inside a unit of work only that does so."""
        self._refuse_inside_work()
        super().rollback()

    def close(self) -> None:
        """Close; not while a unit of work is open. A connection that is broken by then has nothing left to lose."""
        self._refuse_inside_work()
        try:
            super().close()
        except DBAPIError as error:
            _log.warning("close_failed error=%s", error_name(error))

    def _refuse_inside_work(self) -> None:
        if self.writing:
            self.info["interfered"] = True
            raise UnitOfWorkOpen("the unit of work ends its transaction by itself")


@event.listens_for(ClinicSession, "do_orm_execute")
def keep_to_the_clinic(state: ORMExecuteState) -> None:
    """Filter every clinic's own rows by the clinic in force; without one, refuse the query."""
    if state.is_column_load or state.is_relationship_load:
        return
    if (state.is_insert or state.is_update or state.is_delete) and not state.session.info.get("writing"):
        raise OutsideUnitOfWork("rows are written inside a unit of work only")
    state.statement = state.statement.options(_OF_THE_CLINIC)


@event.listens_for(ClinicSession, "before_flush")
def check_flush(session: ClinicSession, _context: object, _instances: object) -> None:
    """Refuse to write outside a unit of work, or another clinic's row."""
    if not session.writing:
        raise OutsideUnitOfWork("rows are written inside a unit of work only")
    owned = [row for row in (*session.new, *session.dirty, *session.deleted) if isinstance(row, ClinicScoped)]
    if owned:
        clinic_id = current_clinic_id()
        if any(row.clinic_id not in {None, clinic_id} for row in owned):
            raise ForeignRow("a row of another clinic can't be written")
