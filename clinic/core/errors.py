"""What may go wrong in the clinic's own terms; pages, JSON and commands answer each kind in one place."""

import click


class ClinicError(Exception):
    """A request that can't be done, said in words that are fit for everybody's eyes."""

    code = "error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFound(ClinicError):
    """No such record, or one of another clinic: nobody can tell which."""

    code = "not-found"

    def __init__(self, message: str = "There is no such record") -> None:
        super().__init__(message)


class Conflict(ClinicError):
    """The present state of things does not allow it."""

    code = "conflict"


class Stale(ClinicError):
    """Somebody else changed the record first."""

    code = "stale"

    def __init__(self, message: str = "Somebody else changed this record meanwhile") -> None:
        super().__init__(message)


class Invalid(ClinicError):
    """The input is well-formed, but can't be accepted; `problems` maps a field to what is to be done."""

    code = "invalid"

    def __init__(self, message: str, *, field: str = "", problems: dict[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.problems: dict[str, list[str]] = problems or {field: [message]}


class NotPermitted(ClinicError):
    """Whoever acts may not do this; `permission` is the one that is missing."""

    code = "not-permitted"

    def __init__(self, permission: str, message: str = "") -> None:
        super().__init__(message or f"This needs the permission {permission}")
        self.permission = permission
        self.facts = {"permission": permission}


class NotSetUp(ClinicError):
    """The installation has no clinic yet."""

    code = "not-set-up"

    def __init__(self) -> None:
        super().__init__("No clinic has been set up yet: run `flask init`")


class BadConfiguration(click.ClickException):
    """The settings don't allow the application to start; a command ends with this one line."""

    exit_code = 4

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
