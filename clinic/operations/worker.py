"""`flask worker`: does what is due."""

import logging

import click
from flask import current_app
from flask.cli import with_appcontext

from clinic.core.db import db
from clinic.core.jobs import queue_of, run_due_jobs
from clinic.identity.clinics import clinic_service
from clinic.web.cli import FAILED, fail, handle_errors, info

BUSY_TIMEOUT_MS = 10_000


@click.command("worker")
@click.option("--once", is_flag=True, help="Do what is due now, then end.")
@with_appcontext
def worker(once: bool) -> None:
    """Deliver events that were left over, and send messages, until told to stop."""
    current_app.config["LOCK_TIMEOUT_MS"] = BUSY_TIMEOUT_MS
    with handle_errors():
        clinic_service.list()  # its jobs log what fails and go on: say here that there is no database
        if once:
            _work_once()
            return
        db.session.remove()
        _work_for_ever()


def _work_once() -> None:
    failed: list[str] = []
    info(f"{run_due_jobs(failed)} done")
    if failed:
        fail(FAILED, f"{', '.join(failed)} failed, the log shows why")


def _work_for_ever() -> None:
    carrier = queue_of(current_app._get_current_object())  # type: ignore[attr-defined]
    info("Worker is waiting for work; Ctrl-C stops it")
    run_due_jobs()
    db.session.remove()
    logging.getLogger("huey").setLevel(logging.WARNING)
    consumer = carrier.create_consumer(workers=1, initial_delay=0.1, backoff=1.15, max_delay=1.0)
    consumer.run()
