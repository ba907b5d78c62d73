"""Who acts, in which request, on behalf of which stored event."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, replace
from uuid import UUID

IMPORT = "import:"
"""Actors of this kind bring in records of the past: nobody is messaged about them."""


@dataclass(frozen=True)
class Acting:
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
    def imports(self) -> bool:
        """Whether records of the past are being brought in."""
        return self.actor.startswith(IMPORT)

    def may(self, permission: str) -> bool:
        """Say whether something is permitted."""
        return self.permissions is None or permission in self.permissions


_acting: ContextVar[Acting] = ContextVar("acting", default=Acting())  # noqa: B039 - it is frozen


def acting() -> Acting:
    """Return who acts now."""
    return _acting.get()


def start_acting(who: Acting) -> Token[Acting]:
    """Act as `who` until the token is given back to `stop_acting`."""
    return _acting.set(who)


def stop_acting(token: Token[Acting]) -> None:
    """Act as whoever acted before."""
    _acting.reset(token)


@contextmanager
def acting_as(actor: str, *, request_id: str | None = None, subject_version: int | None = None) -> Iterator[None]:
    """Do what follows as `actor`, in the present request unless another is named."""
    before = acting()
    who = replace(before, actor=actor, request_id=before.request_id if request_id is None else request_id)
    token = start_acting(replace(who, subject_version=subject_version))
    try:
        yield
    finally:
        stop_acting(token)
