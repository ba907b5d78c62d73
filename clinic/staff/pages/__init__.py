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
    time_zone,
    two_factor,
    user_agents,
)
from clinic.staff.pages.blueprint import blueprint

__all__ = [
    "account",
    "blueprint",
    "clinic",
    "keys",
    "members",
    "passwords",
    "role_preview",
    "roles",
    "saved_forms",
    "sign_in",
    "time_zone",
    "two_factor",
    "user_agents",
]
