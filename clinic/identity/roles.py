"""Roles: one table of the permissions that each role has."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from clinic.core.modules import declared_permissions

ADMINISTRATOR = "administrator"

DESK, OVERBOOK = "receptionist", "appointments:overbook"
"""The role that has this permission too where a clinic's setting `desk_overbooks` says so."""

ALL = "all"
"""The scope of an API key that has every permission."""

ROLE_PERMISSIONS: Mapping[str, Sequence[str]] = {
    ADMINISTRATOR: (
        *("patients:read", "patients:contact", "patients:write", "patients:merge"),
        *("appointments:read", "appointments:notes", "appointments:write", "appointments:overbook", "schedule:write"),
        *("invoices:read", "invoices:write", "payments:write", "refunds:write", "credits:write", "prices:write"),
        *("notifications:read", "notifications:write"),
        *("templates:write", "clinic:read", "clinic:write", "staff:read", "staff:write", "keys:write", "audit:read"),
    ),
    "manager": (
        *("patients:read", "patients:contact", "patients:write", "patients:merge"),
        *("appointments:read", "appointments:notes", "appointments:write", "appointments:overbook", "schedule:write"),
        *("invoices:read", "invoices:write", "payments:write", "refunds:write", "credits:write", "prices:write"),
        *("notifications:read", "notifications:write"),
        *("templates:write", "clinic:read", "clinic:write", "staff:read", "audit:read"),
    ),
    "receptionist": (
        *("patients:read", "patients:contact", "patients:write"),
        *("appointments:read", "appointments:notes", "appointments:write"),
        *("invoices:read", "invoices:write", "payments:write"),
        *("notifications:read", "notifications:write", "clinic:read"),
    ),
    "practitioner": (
        *("patients:read", "patients:contact", "patients:write"),
        *("appointments:read", "appointments:notes", "appointments:write", "appointments:overbook", "clinic:read"),
    ),
    "billing-clerk": (
        *("patients:read", "patients:contact", "appointments:read"),
        *("invoices:read", "invoices:write", "payments:write", "refunds:write", "credits:write"),
        *("notifications:read", "notifications:write", "clinic:read"),
    ),
    "read-only": ("patients:read", "appointments:read", "invoices:read", "clinic:read"),
}
"""The permissions of each role; modules declare what each one means, and start-up refuses those that none declares."""


@dataclass(frozen=True)
class Role:
    """A role that a staff member can have in a clinic."""

    name: str
    label: str
    permissions: frozenset[str]


ROLES: Mapping[str, Role] = {
    name: Role(name, label, frozenset(ROLE_PERMISSIONS[name]))
    for name, label in (
        (ADMINISTRATOR, "Administrator"),
        ("manager", "Manager"),
        ("receptionist", "Receptionist"),
        ("practitioner", "Practitioner"),
        ("billing-clerk", "Billing clerk"),
        ("read-only", "Read-only"),
    )
}
"""The roles by name."""


def role_label(name: str) -> str:
    """Return the label of a role, or the name itself if there is no such role."""
    return ROLES[name].label if name in ROLES else name


def role_permissions(role: str, denied: Iterable[str] = (), *, desk_overbooks: bool = False) -> frozenset[str]:
    """Return the permissions of a role, also by its clinic's setting, except those denied to its holder."""
    known = ROLES.get(role)
    by_setting = {OVERBOOK} if desk_overbooks and role == DESK else frozenset[str]()
    return (known.permissions | by_setting) - frozenset(denied) if known else frozenset()


def permission_names() -> Sequence[str]:
    """Return the name of every permission, in the order of the table."""
    return list(dict.fromkeys(chain.from_iterable(ROLE_PERMISSIONS.values())))


def permission_labels() -> Mapping[str, str]:
    """Return the label of every permission, as its module declares it, in the order of the table."""
    labels = declared_permissions()
    return {name: labels[name] for name in permission_names()}


def permission_label(name: str) -> str | None:
    """Return the label of a permission, or None if no module declares it."""
    return declared_permissions().get(name)


def scope_permissions(scopes: Iterable[str]) -> frozenset[str]:
    """Return the permissions of an API key's scopes."""
    named, known = frozenset(scopes), frozenset(permission_names())
    return known if ALL in named else named & known
