"""A process killed at the worst moment loses nothing and does nothing twice."""

import signal
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from clinic.core.db import db
from clinic.core.events.models import Delivery
from clinic.identity.models import Clinic
from clinic.notifications.models import Notification
from clinic.patients.models import Patient
from tests.fixtures import Here
from tests.script_processes import Ended, run_script

pytestmark = [pytest.mark.crash, pytest.mark.usefixtures("clinic")]

START = """
import os, signal
from datetime import timedelta
from sqlalchemy import update
from clinic import create_app
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core import unit_of_work
from clinic.core.events.models import Delivery, StoredEvent
from clinic.core.db.orm_session import ClinicSession
from clinic.core.tenancy import clinic_scope
from clinic.identity.clinics import clinic_service
from clinic.notifications.models import Notification
from clinic.notifications.mail_queue import NotificationQueue
from clinic.notifications.service import NotificationService
from clinic.patients.service import patient_service

app = create_app(settings)

def die(*args, **options):
    os.kill(os.getpid(), signal.SIGKILL)

def die_after(owner, name):
    original = getattr(owner, name)
    def dying(*args, **options):
        original(*args, **options)
        die()
    setattr(owner, name, dying)
"""

REGISTER = """
with app.app_context(), clinic_scope(clinic_service.resolve()):
    patient_service.create(family_name="Weiß", email="weiss@example.org")
"""

WORK = "app.test_cli_runner().invoke(args=['worker', '--once'], catch_exceptions=False)"

RESTART = f"""
for _ in range(2):
    with app.app_context(), clinic_scope(clinic_service.resolve()), unit_of_work.unit_of_work():
        for leased in (Delivery, Notification):
            db.session.connection().execute(update(leased).values(leased_until=now() - timedelta(seconds=1)))
    {WORK}
"""
"""What a worker does when the leases of the dead process have expired, and that it has nothing to do afterwards."""

MOMENTS = {
    "between the commit and the first handler": "unit_of_work.run_handler = die",
    "when the handler begins": "NotificationService.queue = die",
    "when the handler has written": "die_after(NotificationService, 'queue')",
    "when the delivery is acknowledged but not committed": "die_after(unit_of_work, 'acknowledge')",
    "right after the handler's commit": "die_after(unit_of_work, 'run_handler')",
}


def start(app: Flask, instance: Path, script: str) -> Ended:
    """Run a script in a process of its own, on the test's database."""
    settings = {
        "SQLALCHEMY_DATABASE_URI": app.config["SQLALCHEMY_DATABASE_URI"],
        "INSTANCE_PATH": str(instance),
    }
    return run_script(START + script, instance, settings=settings)


def work(app: Flask, instance: Path) -> None:
    """Restart: let a worker do what is due once the dead process's leases have expired, and again."""
    done = start(app, instance, RESTART)
    assert done.returncode == 0, done.output


@pytest.mark.row(88)
@pytest.mark.breadth
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_process_leaves_exactly_one_welcome(app: Flask, here: Here, tmp_path: Path, moment: str) -> None:
    killed = start(app, tmp_path, MOMENTS[moment] + REGISTER)
    assert killed.returncode == -signal.SIGKILL, killed.output

    work(app, tmp_path)

    with here():
        assert db.session.scalar(select(func.count(Patient.id))) == 1
        assert db.session.scalars(select(Delivery.state)).all() == ["delivered"]
        assert db.session.scalars(select(Notification.state)).all() == ["sent"]
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 1


def test_a_process_killed_before_the_commit_leaves_nothing(app: Flask, here: Here, tmp_path: Path) -> None:
    killed = start(app, tmp_path, "StoredEvent.__init__ = die" + REGISTER)
    assert killed.returncode == -signal.SIGKILL, killed.output

    work(app, tmp_path)

    with here():
        assert db.session.scalar(select(func.count(Patient.id))) == 0
        assert db.session.scalar(select(func.count(Delivery.id))) == 0


def test_a_worker_killed_while_the_mail_server_has_the_message_asks_a_person(
    app: Flask, clinic: Clinic, here: Here, tmp_path: Path
) -> None:
    registered = start(app, tmp_path, REGISTER)
    assert registered.returncode == 0, registered.output
    killed = start(
        app,
        tmp_path,
        "die_after(NotificationQueue, 'record_handover')\n" + WORK,
    )
    assert killed.returncode == -signal.SIGKILL, killed.output

    work(app, tmp_path)

    with here():
        notification = db.session.scalars(select(Notification)).one()
    assert notification.state == "unknown"
    assert "worker died" in (notification.reason or "")
    assert not (tmp_path / "outbox").exists()
