"""What was done, in plain words: every module says how people speak of its records."""

import pytest
from sqlalchemy import inspect

from clinic.audit.presenter import action_text, audit_labels, present_entries, viewed_text
from clinic.core.audit import AuditEntry, _fields
from clinic.core.db import Base
from tests.builders import a_patient


@pytest.fixture
def kinds(app):
    with app.app_context():
        return audit_labels()


def an_entry(action: str, record: str, **fields) -> AuditEntry:
    return AuditEntry(**({"action": action, "record": record, "changes": {}, "actor": "system"} | fields))


def test_every_audited_record_and_field_has_a_label(kinds):
    models = [mapper.class_ for mapper in Base.registry.mappers if mapper.class_.__audited__]

    unnamed = {
        f"{model.__tablename__}.{name}"
        for model in models
        for name, _ in _fields(inspect(model))
        if name not in kinds[model.__tablename__].labels and model.__module__.startswith("clinic.")
    }
    assert unnamed == set()


@pytest.mark.parametrize(
    ("action", "record", "words"),
    [
        ("created", "patients", "Registered a patient"),
        ("changed", "invoices", "Changed an invoice"),
        ("viewed", "audit_entries", "Looked at the audit trail"),
        ("exported", "audit_entries", "Exported the audit trail"),
        ("listed", "notifications", "Looked at a list of messages"),
        ("signed-in", "staff_members", "Signed in"),
        ("merged", "loose_ends", "Merged loose ends"),
    ],
)
def test_what_was_done_is_told_in_plain_words(kinds, action, record, words):
    assert action_text(an_entry(action, record), kinds) == words


@pytest.mark.parametrize(
    ("action", "record", "words"),
    [("viewed", "appointments", "An appointment"), ("listed", "invoices", "In a list of invoices")],
)
def test_what_was_seen_is_told_in_plain_words(kinds, action, record, words):
    assert viewed_text(an_entry(action, record), kinds) == words


def test_numbers_of_another_clinic_are_not_told(app, here, other_clinic):
    with here(other_clinic.id):
        theirs = a_patient().id
    with here(), app.test_request_context():
        [told] = present_entries([an_entry("listed", "patients", changes={"patients": [None, [str(theirs)]]})], "UTC")

    assert [value.name for value in told.changes[0].after] == [str(theirs)]
