"""How often passwords are really verified."""

from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError, VerifyMismatchError


class Hasher:
    """A hasher that counts what it verifies."""

    def __init__(self) -> None:
        self.inner, self.verified = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1), 0

    def verify(self, kept: str, password: str) -> bool:
        try:
            done = self.inner.verify(kept, password)
        except (ValueError, VerificationError) as error:
            self.verified += isinstance(error, VerifyMismatchError)
            raise
        self.verified += 1
        return done

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)
