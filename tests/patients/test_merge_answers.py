"""Every module answers for what its tables say of a patient, when two patients are merged."""

from flask import Flask

from clinic.core.db import Base
from clinic.core.modules import registered_modules


def test_every_table_that_refers_to_a_patient_is_in_the_answer_of_exactly_one_module(app: Flask) -> None:
    answers = [
        table
        for module in registered_modules(app)
        for answer in module.get_merge_followers()
        for table in answer.answers_for
    ]

    referring = {
        key.parent.table.name
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name == "patients"
    }
    assert sorted(answers) == sorted(referring)
