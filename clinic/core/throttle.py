"""Placeholder until merged."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """x"""

    most: int
    seconds: int


def attempt(name: str, limit: Limit) -> int:
    """X"""
    return 0


def attempts(buckets: Sequence[tuple[str, Limit]]) -> int:
    """X"""
    return 0


def forgive(name: str) -> None:
    """X"""
