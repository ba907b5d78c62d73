"""What may go wrong in the clinic's own terms; pages, JSON and commands answer each kind in one place."""

from collections.abc import Mapping
from typing import Any

import click


class ClinicError(Exception):
    """A request that can't be done, said in words that are fit for everybody's eyes.

    `details` are what a program or a page may make something of, `retry_after` the seconds after which to try again.
    """

    code = "error"
    retry_after: int | None = None

    def __init__(self, message: str, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details: Mapping[str, Any] = details or {}


class PermissionDenied(ClinicError):
    """Whoever acts may not do this; `permission` is the one that is missing.

    A page shows the details `permission_label`, `role_label` and `granted_by`, the names of those who can give it.
    """

    code = "not-permitted"

    def __init__(self, permission: str, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"This needs the permission {permission}", details=details or {"permission": permission})
        self.permission = permission


class ReadOnlyPreview(ClinicError):
    """Whoever acts only looks at what others see, and changes nothing meanwhile."""

    code = "only-looking"

    def __init__(self) -> None:
        super().__init__("You only look at what somebody in another role sees: nothing was changed")


class NotFound(ClinicError):
    """No such record, or one of another clinic: nobody can tell which."""

    code = "not-found"

    def __init__(self, message: str = "There is no such record") -> None:
        super().__init__(message)


class Gone(ClinicError):
    """It was there once; a page leads to the details `survivor_url` and `survivor`, what has taken its place."""

    code = "gone"


class RateLimited(ClinicError):
    """It was tried too often: it may be tried again after `retry_after` seconds."""

    code = "too-many-requests"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Conflict(ClinicError):
    """The present state of things does not allow it."""

    code = "conflict"


class StaleVersion(ClinicError):
    """Somebody else changed the record first."""

    code = "stale"

    def __init__(self, message: str = "Somebody else changed this record meanwhile") -> None:
        super().__init__(message)


class InvalidInput(ClinicError):
    """The input is well-formed, but can't be accepted; `problems` maps a field to what is to be done."""

    code = "invalid"

    def __init__(self, message: str, *, field: str = "", problems: dict[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.problems: dict[str, list[str]] = problems or {field: [message]}


class NotSetUp(ClinicError):
    """The installation has no clinic yet."""

    code = "not-set-up"
    retry_after = 60

    def __init__(self) -> None:
        super().__init__("No clinic has been set up yet: run `flask init`")


class SchemaOutdated(ClinicError):
    """The database is older than the program."""

    code = "not-upgraded"
    retry_after = 60

    def __init__(self) -> None:
        super().__init__("The database is older than the program: run `flask db upgrade`")


class BadConfiguration(click.ClickException):
    """The settings don't allow the application to start; a command ends with this one line."""

    exit_code = 4

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
