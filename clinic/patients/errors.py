"""Errors of patients and of their consent."""

from collections.abc import Sequence
from uuid import UUID

from clinic.core.errors import Conflict, Gone, InvalidInput, NotFound
from clinic.patients.models import Patient


class InvalidPatient(InvalidInput):
    """A patient has at least one of a family name and a given name."""

    code = "invalid-patient"


class PatientNotFound(NotFound):
    """The current clinic has no such patient."""

    def __init__(self) -> None:
        super().__init__("There is no such patient")


class PairNotFound(NotFound):
    """The current clinic has no such pair of possible duplicates."""

    def __init__(self) -> None:
        super().__init__("There is no such pair of patients")


class PatientMerged(Gone):
    """A record was merged into another one, which the details name."""

    code = "patient-merged"

    def __init__(self, mrn: str, survivor_mrn: str, survivor_id: UUID) -> None:
        super().__init__(
            f"{mrn} was merged into {survivor_mrn}",
            details={
                "survivor": f"patient {survivor_mrn}",
                "survivor_id": str(survivor_id),
                "survivor_url": f"/patients/{survivor_id}",
            },
        )
        self.survivor_id = survivor_id


class MergeNotFound(NotFound):
    """The current clinic has no such merge, or it was undone."""

    def __init__(self) -> None:
        super().__init__("There is no such merge")


class MergeRefused(Conflict):
    """Something stands in the way of merging two records; the details have a text for each."""

    code = "merge-refused"

    def __init__(self, obstacles: Sequence[str]) -> None:
        super().__init__(f"Settle first: {'; '.join(obstacles)}", details={"obstacles": list(obstacles)})


class UnmergeRefused(Conflict):
    """A record that followed has changed since; the details name the table and the id of each."""

    code = "unmerge-refused"

    def __init__(self, records: Sequence[tuple[str, UUID]]) -> None:
        changed = [{"record": table, "id": str(row_id)} for table, row_id in records]
        super().__init__(
            "This merge can't be undone any more: records that moved have changed since", details={"changed": changed}
        )
        self.records = records


class SeveralPatients(InvalidInput):
    """A text does not identify one patient; the candidates are named, as pages offer and commands list them."""

    code = "several-patients"

    def __init__(self, message: str, candidates: Sequence[Patient]) -> None:
        super().__init__(message, field="patient")
        self.candidates = candidates


class InactivePatient(Conflict):
    """A patient is archived or has died."""


class PatientArchived(InactivePatient):
    """An archived patient is neither booked nor billed anew."""

    code = "patient-archived"

    def __init__(self) -> None:
        super().__init__("This patient’s record is archived: restore it first")


class PatientDeceased(InactivePatient):
    """Nothing is booked for a patient after the day of death."""

    code = "patient-deceased"

    def __init__(self) -> None:
        super().__init__("This patient has died: nothing is booked any more")


class NoteNotFound(NotFound):
    """The current clinic has no such note."""

    def __init__(self) -> None:
        super().__init__("There is no such note")


class InvalidNote(InvalidInput):
    """An alert is short."""

    code = "invalid-note"


class NoteEnded(Conflict):
    """A note that was ended is not changed."""

    code = "note-ended"

    def __init__(self) -> None:
        super().__init__("This note was ended: show it again first")


class RelatedPersonNotFound(NotFound):
    """The current clinic has no such related person."""

    def __init__(self) -> None:
        super().__init__("There is no such related person")


class InvalidRelatedPerson(InvalidInput):
    """A related person is another patient or somebody with a name, and has a role."""

    code = "invalid-related-person"


class RelatedPersonEnded(Conflict):
    """A related person who was ended is not changed."""

    code = "related-person-ended"

    def __init__(self) -> None:
        super().__init__("This person was ended: restore the entry first")


class RecallNotFound(NotFound):
    """The current clinic has no such recall."""

    def __init__(self) -> None:
        super().__init__("There is no such recall")


class InvalidRecall(InvalidInput):
    """A recall is for a day that is not in the past."""

    code = "invalid-recall"


class RecallClosed(Conflict):
    """A recall that is done or dropped is not changed."""

    code = "recall-closed"

    def __init__(self) -> None:
        super().__init__("This recall is closed: open it again first")


class InvalidConsent(InvalidInput):
    """An answer is older than the one that is on record."""

    code = "invalid-consent"


class ConsentNotUndoable(Conflict):
    """Only the latest change of consent is undone, and only for a while."""

    code = "consent-not-undoable"

    def __init__(self) -> None:
        super().__init__("This change of consent can't be undone any more: record what the patient says now")
