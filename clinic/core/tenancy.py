"""Separation of clinics: the current clinic, set once per request, command, job or delivery."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from flask import current_app, g

_pinned: ContextVar[int] = ContextVar("pinned", default=0)


class NoCurrentClinic(RuntimeError):
    """A clinic's rows were queried without a current clinic."""


def current_clinic_id() -> UUID:
    """Return the id of the current clinic.

    :raises NoCurrentClinic: if there is none
    """
    clinic_id = current_clinic_id_or_none()
    if clinic_id is None:
        raise NoCurrentClinic("there is no current clinic: use clinic_scope()")
    return clinic_id


def current_clinic_id_or_none() -> UUID | None:
    """Return the id of the current clinic, or None."""
    found: UUID | None = g.get("clinic_id")
    return found


def set_current_clinic(clinic_id: UUID) -> None:
    """Set the current clinic for the rest of this request or command.

    :raises RuntimeError: if there is another one; changing it takes a new ORM session, see `clinic_scope`
    """
    if current_clinic_id_or_none() not in {None, clinic_id}:
        raise RuntimeError("there is another current clinic")
    g.clinic_id = clinic_id


@contextmanager
def clinic_scope(clinic_id: UUID | None) -> Iterator[None]:
    """Set the current clinic (or none) within a block, which has its own ORM session.

    :raises RuntimeError: inside a unit of work, whose rows belong to one ORM session
    """
    if _pinned.get():
        raise RuntimeError("the current clinic cannot change inside a unit of work")
    with current_app.app_context():
        if clinic_id is not None:
            g.clinic_id = clinic_id
        yield


@contextmanager
def clinic_pinned() -> Iterator[None]:
    """Refuse a change of the current clinic within a block."""
    token = _pinned.set(1)
    try:
        yield
    finally:
        _pinned.reset(token)
