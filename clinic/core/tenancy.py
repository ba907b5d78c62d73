"""Clinics apart: the clinic in force, set once per request, command, job or delivery."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from flask import current_app, g

_pinned: ContextVar[int] = ContextVar("pinned", default=0)


class NoCurrentClinic(RuntimeError):
    """A clinic's rows were asked for before a clinic was chosen."""


def current_clinic_id() -> UUID:
    """Return the clinic in force.

    :raises NoClinicInForce: if none was chosen
    """
    clinic_id = current_clinic_id_or_none()
    if clinic_id is None:
        raise NoCurrentClinic("no clinic is in force: use in_clinic()")
    return clinic_id


def current_clinic_id_or_none() -> UUID | None:
    """Return the clinic in force, if one was chosen."""
    found: UUID | None = g.get("clinic_id")
    return found


def set_current_clinic(clinic_id: UUID) -> None:
    """Put a clinic in force for the rest of this request or command.

    :raises RuntimeError: if another one is in force: changing it takes a session of its own, see `in_clinic`
    """
    if current_clinic_id_or_none() not in {None, clinic_id}:
        raise RuntimeError("another clinic is in force")
    g.clinic_id = clinic_id


@contextmanager
def clinic_scope(clinic_id: UUID | None) -> Iterator[None]:
    """Put a clinic (or none) in force, with a database session of its own, which knows no other clinic's rows.

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
    """Refuse a change of clinic meanwhile."""
    token = _pinned.set(1)
    try:
        yield
    finally:
        _pinned.reset(token)
