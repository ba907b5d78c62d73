"""The current clinic (tenant): set once for each request, command, job or delivery."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from flask import current_app, g
from flask.sansio.app import App

from clinic.core.errors import NotSetUp

ClinicChooser = Callable[[str | None], UUID]
StaffFinder = Callable[[str], tuple[str, frozenset[str]]]
_CHOOSER = "clinic.chooser"
_FINDER = "clinic.finder"
_pinned: ContextVar[int] = ContextVar("pinned", default=0)


class NoCurrentClinic(RuntimeError):
    """Rows of a clinic were queried without a current clinic."""


def current_clinic_id() -> UUID:
    """Return the id of the current clinic.

    :raises NoCurrentClinic: if there is none
    """
    clinic_id = current_clinic_id_or_none()
    if clinic_id is None:
        raise NoCurrentClinic("there is no current clinic: use clinic_scope()")
    return clinic_id


def current_clinic_id_or_none() -> UUID | None:
    """Return the id of the current clinic, None if there is none."""
    found: UUID | None = g.get("clinic_id")
    return found


def set_current_clinic(clinic_id: UUID) -> None:
    """Make a clinic the current one for the rest of this request or command.

    :raises RuntimeError: if there is another one: changing it needs a new session, see `clinic_scope`
    """
    if current_clinic_id_or_none() not in {None, clinic_id}:
        raise RuntimeError("another clinic is the current one")
    g.clinic_id = clinic_id


@contextmanager
def clinic_scope(clinic_id: UUID | None) -> Iterator[None]:
    """Make a clinic (or none) the current one for this block, with a new database session.

    :raises RuntimeError: inside a unit of work, whose rows belong to one session
    """
    if _pinned.get():
        raise RuntimeError("the clinic can't change inside a unit of work")
    with current_app.app_context():
        if clinic_id is not None:
            g.clinic_id = clinic_id
        yield


@contextmanager
def clinic_pinned() -> Iterator[None]:
    """Refuse a change of the current clinic in this block."""
    token = _pinned.set(1)
    try:
        yield
    finally:
        _pinned.reset(token)


def choose_clinics_by(app: App, chooser: ClinicChooser) -> None:
    """Let `chooser` say which clinic a name, or no name, means in an application."""
    app.extensions[_CHOOSER] = chooser


def resolve_clinic(name: str | None = None) -> UUID:
    """Return the clinic that a name means; without a name the only one.

    :raises NotSetUp: if there is no clinic
    :raises NotFound: if none has that name
    :raises Invalid: if there are several, and none is named
    """
    chooser: ClinicChooser | None = current_app.extensions.get(_CHOOSER)
    if chooser is None:
        raise NotSetUp
    return chooser(name)


def find_staff_by(app: App, finder: StaffFinder) -> None:
    """Let `finder` say which actor an e-mail address means in the clinic in force, and what they may do."""
    app.extensions[_FINDER] = finder


def staff_member(email: str) -> tuple[str, frozenset[str]]:
    """Return which actor an e-mail address means in the clinic in force, and what they may do.

    :raises NotFound: if nobody of that address works there
    """
    finder: StaffFinder = current_app.extensions[_FINDER]
    return finder(email)
