"""Placeholder until merged."""

from typing import Any
from uuid import UUID


def record_act(
    action: str, record: str, record_id: UUID | None = None, patient_id: UUID | None = None, **details: Any
) -> None:
    """X"""
