"""Start-up checks: modules, roles, routes and commands name the same permissions."""

from collections.abc import Iterator

from flask import Flask

from clinic.core.modules import declared_permissions
from clinic.identity.roles import ROLE_PERMISSIONS, permission_names
from clinic.web.authorization import access_to
from clinic.web.cli import OPERATOR, needed_for


class PermissionMismatch(RuntimeError):
    """A permission is named that no module declares, or declared and given to no role."""


def check_permissions(app: Flask) -> None:
    """Check the permissions of an application before it starts.

    :raises UndeclaredRoute: if a view does not declare who may call it
    :raises PermissionMismatch: if a role, a route or a command names a permission that no module declares, or if no
        role has a declared one
    """
    declared = declared_permissions(app).keys()
    for user, permission in (*_of_roles(), *_of_routes(app), *_of_commands(app)):
        if permission not in declared:
            raise PermissionMismatch(f"{user} names the permission {permission}, which no module declares")
    if unheld := sorted(declared - set(permission_names())):
        raise PermissionMismatch(f"no role has the permission {unheld[0]}")


def _of_roles() -> Iterator[tuple[str, str]]:
    return ((f"the role {role}", name) for role, names in ROLE_PERMISSIONS.items() for name in names)


def _of_routes(app: Flask) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        if permission := access_to(app, rule.endpoint).permission:
            yield f"the route {rule.endpoint}", permission


def _of_commands(app: Flask) -> Iterator[tuple[str, str]]:
    for group in app.cli.commands.values():
        for command in getattr(group, "commands", {}).values():
            if (permission := needed_for(command)) not in {None, OPERATOR}:
                yield f"the command {group.name} {command.name}", permission
