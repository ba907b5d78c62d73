"""Errors of patients and of their consent."""

from clinic.core.errors import Conflict, InvalidInput, NotFound


class InvalidPatient(InvalidInput):
    """A patient has at least one of a family name and a given name."""

    code = "invalid-patient"


class PatientNotFound(NotFound):
    """The current clinic has no such patient."""

    def __init__(self) -> None:
        super().__init__("There is no such patient")


class InvalidConsent(InvalidInput):
    """An answer is older than the one that is on record."""

    code = "invalid-consent"


class ConsentNotUndoable(Conflict):
    """Only the latest change of consent is undone, and only for a while."""

    code = "consent-not-undoable"

    def __init__(self) -> None:
        super().__init__("This change of consent can't be undone any more: record what the patient says now")
