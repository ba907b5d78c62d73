"""Signing in, the own account, and who works here in which role."""

from clinic.staff.pages import (
    account,
    audit,
    browsers,
    clinic,
    kept,
    keys,
    members,
    passwords,
    roles,
    second_step,
    seeing,
    sign_in,
)
from clinic.staff.pages.frame import blueprint
from clinic.staff.pages.gate import PageGate, init_login

__all__ = [
    "PageGate",
    "account",
    "audit",
    "blueprint",
    "browsers",
    "clinic",
    "init_login",
    "kept",
    "keys",
    "members",
    "passwords",
    "roles",
    "second_step",
    "seeing",
    "sign_in",
]
