"""Errors of related persons under the names that requests have for the fields."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from clinic.patients.service import InvalidRelatedPerson


@contextmanager
def fields_as_sent(inside: str | None = None) -> Iterator[None]:
    """Name the other patient in errors as requests do; `inside` is the member of the request that has the person."""
    try:
        yield
    except InvalidRelatedPerson as error:
        named: Any = {
            "other_patient_id" if name == "other_id" else name: texts for name, texts in error.problems.items()
        }
        raise InvalidRelatedPerson(error.message, problems={inside: named} if inside else named) from error
