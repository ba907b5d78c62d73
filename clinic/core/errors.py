"""Domain errors; pages, JSON and commands answer each class in one place."""

from collections.abc import Mapping
from typing import Any

import click


class ClinicError(Exception):
    """A request that can't be fulfilled; its message may be shown to anybody.

    `details` are further members of the answer, for programs and pages; `retry_after` is in seconds.
    """

    code = "error"
    retry_after: int | None = None

    def __init__(self, message: str, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details: Mapping[str, Any] = details or {}


class PermissionDenied(ClinicError):
    """The current actor lacks a permission.

    A page shows the details `permission_label`, `role_label` and `granted_by`, the names of people who can grant it.
    """

    code = "not-permitted"

    def __init__(self, permission: str, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"This needs the permission {permission}", details=details or {"permission": permission})
        self.permission = permission


class ReadOnlyPreview(ClinicError):
    """A change was requested while the current actor views the program as another role."""

    code = "only-looking"

    def __init__(self) -> None:
        super().__init__("You are viewing the app as another role: nothing was changed")


class NotFound(ClinicError):
    """The record does not exist, or belongs to another clinic; the answer is the same."""

    code = "not-found"

    def __init__(self, message: str = "There is no such record") -> None:
        super().__init__(message)


class Gone(ClinicError):
    """The record was removed, for example merged with another one.

    The details `survivor` and `survivor_url` are the name and the page of the record that remains.
    """

    code = "gone"


class RateLimited(ClinicError):
    """Too many attempts; another one is accepted after `retry_after` seconds."""

    code = "too-many-requests"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Conflict(ClinicError):
    """The current state of the record does not allow the change."""

    code = "conflict"


class StaleVersion(ClinicError):
    """The record has been changed since it was read."""

    code = "stale"

    def __init__(self, message: str = "Somebody else changed this record meanwhile") -> None:
        super().__init__(message)


class InvalidInput(ClinicError):
    """Well-formed input that can't be accepted; `problems` maps each field to its messages."""

    code = "invalid"

    def __init__(self, message: str, *, field: str = "", problems: dict[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.problems: dict[str, list[str]] = problems or {field: [message]}


class Duplicate(InvalidInput):
    """A value that has to be unique is taken."""


class NotSetUp(ClinicError):
    """The installation has no clinic yet."""

    code = "not-set-up"
    retry_after = 60

    def __init__(self) -> None:
        super().__init__("No clinic has been set up yet: run `flask init`")


class SchemaOutdated(ClinicError):
    """The schema of the database is older than the program."""

    code = "not-upgraded"
    retry_after = 60

    def __init__(self) -> None:
        super().__init__("The database is older than the program: run `flask db upgrade`")


class BadConfiguration(click.ClickException):
    """The settings don't allow the application to start; a command ends with the message on one line."""

    exit_code = 4

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
