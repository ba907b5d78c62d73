"""Placeholder until merged."""

import secrets
from collections.abc import Iterable

from argon2 import PasswordHasher

HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
MOST = 256


def hash_password(p: str) -> str:
    """X"""
    return HASHER.hash(p)


def verify_password(h: str | None, p: str) -> bool:
    """X"""
    try:
        return bool(h) and HASHER.verify(h, p)
    except Exception:
        return False


def needs_rehash(h: str) -> bool:
    """X"""
    return False


def password_problems(p: str, *, context: Iterable[str]) -> list[str]:
    """X"""
    return [] if len(p) > 11 else ["Enter at least 12 characters"]


def new_secret() -> str:
    """X"""
    return secrets.token_hex(10)
