"""Rebuilding the index beside people who work."""

from threading import Event, Thread

import pytest
from sqlalchemy import text

from clinic.core.db import db
from clinic.core.tenancy import clinic_scope
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.models import PatientToken
from clinic.patients.search.index import partition_of
from clinic.patients.service import patient_service
from tests.builders import a_patient
from tests.concurrency import PATIENCE
from tests.databases import on_postgresql_only

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("inside")]


def a_stray_token(token, patient):
    with unit_of_work():
        db.session.add(PatientToken(partition=partition_of(), token=token, patient=patient))


@pytest.mark.slow
@on_postgresql_only
def test_a_token_stays_that_became_somebodys_while_strays_were_removed(app, clinic):
    patient_id, written, done = a_patient(family_name="Before").id, Event(), Event()
    a_stray_token("nafter", -1)

    def change():
        with app.app_context(), clinic_scope(clinic.id), unit_of_work():
            patient_service.update(patient_id, version=1, family_name="After")
            written.set()
            while not done.is_set() and not is_waiting():
                pass

    changing, progress = Thread(target=change, daemon=True), patient_service.reindex()
    next(progress)
    changing.start()
    assert written.wait(PATIENCE)
    list(progress)
    done.set()
    changing.join(PATIENCE)

    assert [one.id for one in patient_service.search("after").rows] == [patient_id]


@on_postgresql_only
def test_a_token_stays_of_whom_is_registered_while_strays_are_removed(app, clinic):
    a_patient(family_name="Before")
    registered, done = Event(), Event()
    a_stray_token("nafter", -2)

    def register():
        with app.app_context(), clinic_scope(clinic.id), unit_of_work():
            a_patient(family_name="After")
            registered.set()
            while not done.is_set() and not is_waiting():
                pass

    registering, progress = Thread(target=register, daemon=True), patient_service.reindex()
    next(progress)
    registering.start()
    assert registered.wait(PATIENCE)
    list(progress)
    done.set()
    registering.join(PATIENCE)

    assert [one.mrn for one in patient_service.search("after").rows] == ["P-000002"]


def is_waiting():
    """Return whether somebody waits for a lock in this database."""
    here = "datname = current_database() AND wait_event_type = 'Lock'"
    with db.engine.connect() as connection:
        return connection.execute(text(f"SELECT COUNT(*) FROM pg_stat_activity WHERE {here}")).scalar_one() > 0
