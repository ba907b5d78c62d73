"""Signing in, the own account, and who works here in which role."""

from clinic.staff.pages import account, audit, browsers, kept, passwords, second_step, sign_in
from clinic.staff.pages.frame import blueprint
from clinic.staff.pages.gate import PageGate, init_login

__all__ = [
    "PageGate",
    "account",
    "audit",
    "blueprint",
    "browsers",
    "init_login",
    "kept",
    "passwords",
    "second_step",
    "sign_in",
]
