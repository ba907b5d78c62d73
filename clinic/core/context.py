"""The current actor: the person or program that views or changes records, and the request."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, replace
from uuid import UUID

IMPORT = "import:"
"""Prefix of actors that import old records, for which no message is sent."""

LINK_PATIENT, LINK_GUARDIAN = "link:patient", "link:guardian"
"""Actors who opened a link in a message: the patient to whom it was, or the guardian of a minor."""


@dataclass(frozen=True)
class Actor:
    """The person or program that acts, its IP address, and the request that all its changes belong to.

    `permissions` is None for the installation's own commands and workers, which have every permission.
    """

    actor: str = "system"
    request_id: str = ""
    address: str = ""
    session_id: UUID | None = None
    key_id: UUID | None = None
    permissions: frozenset[str] | None = None

    @property
    def is_import(self) -> bool:
        """Whether records of the past are being imported."""
        return self.actor.startswith(IMPORT)

    def has_permission(self, permission: str) -> bool:
        """Return whether the actor has a permission."""
        return self.permissions is None or permission in self.permissions


_current_actor: ContextVar[Actor] = ContextVar("actor", default=Actor())  # noqa: B039 - it is frozen


def current_actor() -> Actor:
    """Return the current actor."""
    return _current_actor.get()


def set_actor(actor: Actor) -> Token[Actor]:
    """Make `who` the current actor until the token is passed to `reset_actor`."""
    return _current_actor.set(actor)


def reset_actor(token: Token[Actor]) -> None:
    """Restore the actor from before `set_actor`."""
    _current_actor.reset(token)


@contextmanager
def as_actor(actor: str, *, request_id: str | None = None) -> Iterator[None]:
    """Run this block as `actor`, in the current request unless another is given."""
    before = current_actor()
    who = replace(before, actor=actor, request_id=before.request_id if request_id is None else request_id)
    token = set_actor(who)
    try:
        yield
    finally:
        reset_actor(token)
