"""Texts of entries, from the labels that the modules declare."""

import pytest
from sqlalchemy import inspect

from clinic.audit.entry_text import action_text, audit_labels, viewed_text
from clinic.audit.presenter import present_entries
from clinic.core.audit import AuditEntry, _fields
from clinic.core.db import Base
from tests.builders import a_patient


@pytest.fixture
def labels(app):
    with app.app_context():
        return audit_labels()


def an_entry(action: str, record: str, **fields) -> AuditEntry:
    return AuditEntry(**({"action": action, "record": record, "changes": {}, "actor": "system"} | fields))


def test_every_audited_record_and_field_has_a_label(labels):
    models = [mapper.class_ for mapper in Base.registry.mappers if mapper.class_.__audited__]

    unnamed = {
        f"{model.__tablename__}.{name}"
        for model in models
        for name, _ in _fields(inspect(model))
        if name not in labels[model.__tablename__].labels and model.__module__.startswith("clinic.")
    }
    assert unnamed == set()


@pytest.mark.parametrize(
    ("action", "record", "words"),
    [
        ("created", "patients", "Registered a patient"),
        ("changed", "invoices", "Changed an invoice"),
        ("viewed", "audit_entries", "Viewed the audit trail"),
        ("exported", "audit_entries", "Exported the audit trail"),
        ("listed", "notifications", "Viewed a list of messages"),
        ("signed-in", "staff_members", "Signed in"),
        ("merged", "loose_ends", "Merged loose ends"),
    ],
)
def test_the_text_of_an_action(labels, action, record, words):
    assert action_text(an_entry(action, record), labels) == words


@pytest.mark.parametrize(
    ("action", "record", "words"),
    [("viewed", "appointments", "An appointment"), ("listed", "invoices", "List of invoices")],
)
def test_the_text_of_a_view(labels, action, record, words):
    assert viewed_text(an_entry(action, record), labels) == words


def test_numbers_of_another_clinic_are_not_shown(app, here, other_clinic):
    with here(other_clinic.id):
        theirs = a_patient().id
    with here(), app.test_request_context():
        [presented] = present_entries(
            [an_entry("listed", "patients", changes={"patients": [None, [str(theirs)]]})], "UTC"
        )

    assert [value.name for value in presented.changes[0].after] == [str(theirs)]
