"""Placeholder until merged."""

from datetime import datetime
from hashlib import sha256

import pyotp


def new_totp_secret() -> str:
    """X"""
    return pyotp.random_base32()


def matching_step(secret: str, code: str, at: datetime, last_step: int | None) -> int | None:
    """X"""
    return None


def new_recovery_codes() -> list[str]:
    """X"""
    return []


def recovery_hash(code: str) -> str:
    """X"""
    return sha256(code.encode()).hexdigest()
