"""Who acts, in which request, on behalf of which stored event."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, replace
from uuid import UUID

IMPORT = "import:"
"""Actors of this kind bring in records of the past: nobody is messaged about them."""


@dataclass(frozen=True)
class Actor:
    """The person or program that acts, from where, and the request that everything it causes belongs to.

    `permissions` is None for the installation's own commands and workers, which may do everything.
    """

    actor: str = "system"
    request_id: str = ""
    subject_version: int | None = None
    address: str = ""
    session_id: UUID | None = None
    key_id: UUID | None = None
    permissions: frozenset[str] | None = None

    @property
    def is_import(self) -> bool:
        """Whether records of the past are being brought in."""
        return self.actor.startswith(IMPORT)

    def has_permission(self, permission: str) -> bool:
        """Say whether something is permitted."""
        return self.permissions is None or permission in self.permissions


_current_actor: ContextVar[Actor] = ContextVar("acting", default=Actor())  # noqa: B039 - it is frozen


def current_actor() -> Actor:
    """Return who acts now."""
    return _current_actor.get()


def set_actor(who: Actor) -> Token[Actor]:
    """Act as `who` until the token is given back to `stop_acting`."""
    return _current_actor.set(who)


def reset_actor(token: Token[Actor]) -> None:
    """Act as whoever acted before."""
    _current_actor.reset(token)


@contextmanager
def as_actor(actor: str, *, request_id: str | None = None, subject_version: int | None = None) -> Iterator[None]:
    """Do what follows as `actor`, in the present request unless another is named."""
    before = current_actor()
    who = replace(before, actor=actor, request_id=before.request_id if request_id is None else request_id)
    token = set_actor(replace(who, subject_version=subject_version))
    try:
        yield
    finally:
        reset_actor(token)
