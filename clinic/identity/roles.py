"""Who may do what: every permission in plain words, and every role as a plain list of permissions."""

from collections.abc import Iterable
from dataclasses import dataclass

PERMISSIONS = {
    "patients:read": "See who the patients are",
    "patients:contact": "See how to reach patients: phone, e-mail, address",
    "patients:write": "Register patients and change their records",
    "appointments:read": "See the appointments",
    "appointments:notes": "See the notes on appointments, such as why one was cancelled",
    "appointments:write": "Book and cancel appointments",
    "practitioners:write": "Add practitioners",
    "invoices:read": "See invoices and what is to pay",
    "invoices:write": "Make and issue invoices",
    "payments:write": "Take payments",
    "notifications:read": "See the messages to patients",
    "clinic:read": "See the clinic's settings",
    "clinic:write": "Change the clinic's settings",
    "staff:read": "See who works here, and in which role",
    "staff:write": "Invite staff, change roles, end access",
    "keys:write": "Make and revoke API keys",
    "audit:read": "See who saw and changed what",
}
"""Everything that can be permitted, and what it means."""

EVERYTHING = frozenset(PERMISSIONS)

ALL = "all"
"""The scope of an API key that opens everything."""


@dataclass(frozen=True)
class Role:
    """What a staff member's work is called, and what it takes."""

    name: str
    label: str
    permissions: frozenset[str]


def _role(name: str, label: str, *permissions: str) -> Role:
    return Role(name, label, frozenset(permissions))


ADMINISTRATOR = "administrator"

ROLES = {
    role.name: role
    for role in (
        _role(ADMINISTRATOR, "Administrator", *PERMISSIONS),
        _role(
            "manager",
            "Manager",
            *("patients:read", "patients:contact", "patients:write"),
            *("appointments:read", "appointments:notes", "appointments:write", "practitioners:write"),
            *("invoices:read", "invoices:write", "payments:write", "notifications:read"),
            *("clinic:read", "clinic:write", "staff:read", "audit:read"),
        ),
        _role(
            "receptionist",
            "Receptionist",
            *("patients:read", "patients:contact", "patients:write"),
            *("appointments:read", "appointments:notes", "appointments:write"),
            *("invoices:read", "invoices:write", "payments:write", "notifications:read", "clinic:read"),
        ),
        _role(
            "practitioner",
            "Practitioner",
            *("patients:read", "patients:contact", "patients:write"),
            *("appointments:read", "appointments:notes", "appointments:write", "clinic:read"),
        ),
        _role(
            "billing-clerk",
            "Billing clerk",
            *("patients:read", "patients:contact", "appointments:read"),
            *("invoices:read", "invoices:write", "payments:write", "notifications:read", "clinic:read"),
        ),
        _role("read-only", "Read-only", "patients:read", "appointments:read", "invoices:read", "clinic:read"),
    )
}
"""The roles by name."""


def role_label(name: str) -> str:
    """Return what a role is called; what is no role keeps its name."""
    return ROLES[name].label if name in ROLES else name


def role_permissions(role: str, denied: Iterable[str] = ()) -> frozenset[str]:
    """Return what a role permits, less what its holder is denied: a denial always wins."""
    known = ROLES.get(role)
    return known.permissions - frozenset(denied) if known else frozenset()


def scope_permissions(scopes: Iterable[str]) -> frozenset[str]:
    """Return what an API key's scopes permit; `ALL` stands for everything."""
    named = frozenset(scopes)
    return EVERYTHING if ALL in named else named & EVERYTHING
