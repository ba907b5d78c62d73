"""Pages of signing in, the own account, the staff and the clinic."""

from clinic.staff.pages import (
    account,
    clinic,
    keys,
    members,
    passwords,
    role_preview,
    roles,
    saved_forms,
    sign_in,
    two_factor,
    user_agents,
)
from clinic.staff.pages.authentication import PageGate, init_login
from clinic.staff.pages.blueprint import blueprint

__all__ = [
    "PageGate",
    "account",
    "blueprint",
    "clinic",
    "init_login",
    "keys",
    "members",
    "passwords",
    "role_preview",
    "roles",
    "saved_forms",
    "sign_in",
    "two_factor",
    "user_agents",
]
