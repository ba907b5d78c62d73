"""Signing in, the own account, and who works here in which role."""

from clinic.staff.pages import account, audit, clinic, keys, members, roles, sign_in
from clinic.staff.pages.frame import blueprint
from clinic.staff.pages.gate import PageGate, init_login

__all__ = [
    "PageGate",
    "account",
    "audit",
    "blueprint",
    "clinic",
    "init_login",
    "keys",
    "members",
    "roles",
    "sign_in",
]
