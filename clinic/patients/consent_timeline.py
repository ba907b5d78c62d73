"""The answers of a patient about consent as rows of the timeline, one row for each change."""

from typing import Any

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import aliased

from clinic.core.db.json_object import json_object
from clinic.core.timeline_sources import Subjects, timeline_rows
from clinic.patients.models import ConsentAnswer

_First, _Alike = aliased(ConsentAnswer), aliased(ConsentAnswer)


def select_consent_changes(patient_ids: Subjects) -> Select[Any]:
    """Select the first answer of each change; `answers` lists all of the change, as `news email yes`, by commas."""
    earlier = exists().where(
        _First.patient_id == ConsentAnswer.patient_id,
        _First.change == ConsentAnswer.change,
        _First.id < ConsentAnswer.id,
    )
    answer = _Alike.purpose + " " + _Alike.channel + " " + _Alike.state
    answers = select(func.aggregate_strings(answer, ",")).where(
        _Alike.patient_id == ConsentAnswer.patient_id, _Alike.change == ConsentAnswer.change
    )
    rows = timeline_rows(
        at=ConsentAnswer.recorded_at,
        id=ConsentAnswer.id,
        action="answered",
        record="consent_answers",
        record_id=ConsentAnswer.id,
        actor=ConsentAnswer.recorded_by,
        details=json_object(answers=answers.scalar_subquery(), source=ConsentAnswer.source, note=ConsentAnswer.note),
    )
    return rows.where(ConsentAnswer.patient_id.in_(patient_ids), ~earlier)
