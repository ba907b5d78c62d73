"""How the JSON endpoints change a record of a patient with a method of its service."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.core.audit import record_view
from clinic.core.unit_of_work import unit_of_work
from clinic.web.json_api import optional_version, single


def changed(
    get: Callable[[UUID], Any], change: Callable[..., Any], record_id: UUID, **fields: Any
) -> ResponseReturnValue:
    """Change a record, and return it, with the view in the audit trail; `get` reads it for the check of `If-Match`."""
    version = optional_version(get)
    with unit_of_work():
        record = change(record_id, version=version, **fields)
        record_view(record.__tablename__, record.id, record.patient_id)
    return single(record)
