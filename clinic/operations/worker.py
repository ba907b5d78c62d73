"""`flask worker`: runs the background jobs."""

import logging
import signal
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from types import FrameType

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from clinic.core.db import db
from clinic.core.heartbeat import Heartbeat
from clinic.core.jobs import is_work_due, on_wake, run_due_jobs
from clinic.core.logging.error_summary import error_name, traceback_summary
from clinic.core.logging.repeat_filter import limit_repeats
from clinic.core.work_queue import is_stopping, stop_claiming
from clinic.identity.clinics import clinic_service
from clinic.operations.supervisor import supervise
from clinic.web.cli_errors import FAILED, Command, fail, handle_errors
from clinic.web.cli_output import info

BUSY_TIMEOUT_MS = 10_000
POLL_SECONDS = 1
RUN_ALL_SECONDS = 60

_log = logging.getLogger("clinic.worker")


@click.command("worker", cls=Command)
@click.option("--once", is_flag=True, help="Do what is due now, then end.")
@click.option("--workers", "count", type=click.IntRange(1, 32), default=1, show_default=True, help="Processes.")
@with_appcontext
def worker(once: bool, count: int) -> None:
    """Deliver events that were left over, plan and send messages and run periodic jobs, until SIGTERM or Ctrl-C.

    Several processes share the work; one that dies is started again.
    """
    if once and count > 1:
        raise click.UsageError("give --once or --workers")
    current_app.config["LOCK_TIMEOUT_MS"] = BUSY_TIMEOUT_MS
    with handle_errors(logs=True):
        clinic_service.list()  # jobs log their errors and go on: fail here if there is no database
        if once:
            _work_once()
            return
        db.session.remove()
        if count > 1:
            info(f"{count} workers are waiting for work; Ctrl-C stops them")
            supervise(count)
            return
        info("Worker is waiting for work; Ctrl-C stops it")
        limit_repeats()
        _run_until_stopped(current_app._get_current_object())  # type: ignore[attr-defined]


def _work_once() -> None:
    failed: list[str] = []
    info(f"{run_due_jobs(failed)} done")
    if failed:
        fail(FAILED, f"{', '.join(failed)} failed, the log shows why")


def _run_until_stopped(app: Flask) -> None:
    """Poll the queues every second and run every job once a minute, until a signal stops the worker.

    With a backlog it goes on at once, after a heartbeat and its other jobs.
    """
    wakes: SimpleQueue[None] = SimpleQueue()
    _stop_on_signals(app, wakes)
    on_wake(lambda: wakes.put(None))
    heartbeat = Heartbeat()
    run_all_at = time.monotonic()
    while not is_stopping():
        if time.monotonic() >= run_all_at or _is_due(app):
            run_all_at = time.monotonic() + RUN_ALL_SECONDS
            _record(app, heartbeat.beat)
            with app.app_context():
                run_due_jobs(longest=RUN_ALL_SECONDS)
        if not is_stopping():
            _wait(wakes)
    _record(app, heartbeat.stop)


def _record(app: Flask, change: Callable[[], None]) -> None:
    """Change the heartbeat of this worker; an error is logged, and the worker goes on."""
    try:
        with app.app_context():
            change()
    except Exception as error:  # noqa: BLE001 - the worker outlives any error of the database
        _log.error("heartbeat_failed error=%s frames=%s", error_name(error), traceback_summary(error))


def _is_due(app: Flask) -> bool:
    """Return whether work is due; an error is logged, and the worker polls again."""
    try:
        with app.app_context():
            return is_work_due()
    except Exception as error:  # noqa: BLE001 - the worker outlives any error of the database
        _log.error("poll_failed error=%s frames=%s", error_name(error), traceback_summary(error))
        return False


def _stop_on_signals(app: Flask, wakes: "SimpleQueue[None]") -> None:
    """Stop after the current row at the first SIGTERM or SIGINT; the second one ends the process at once."""

    def stop(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop_claiming(app)
        wakes.put(None)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def _wait(wakes: "SimpleQueue[None]") -> None:
    """Wait for a wake, at most until the next poll; several wakes count as one."""
    try:
        wakes.get(timeout=POLL_SECONDS)
        while True:
            wakes.get_nowait()
    except Empty:
        return
