"""What commands print about people who may be on file already."""

from collections.abc import Iterable
from typing import Any

from clinic.patients.schemas.duplicates import CandidateSchema
from clinic.patients.service import Candidate
from clinic.web.cli_output import info


def show_candidates(candidates: Iterable[Candidate]) -> None:
    """Print on stderr who may be the same person as a patient who was registered or changed."""
    for one in candidates:
        found: Any = CandidateSchema().dump(one)
        info(f"May be {found['mrn']}, {one.patient.full_name}: {one.score}, {', '.join(found['reasons'])}")
