"""The carrier of background work: huey, which only ever gets a tick; what is due stands in tables."""

import logging
import sqlite3
from pathlib import Path

from flask import Flask, current_app
from huey import MemoryHuey, RedisHuey, SqliteHuey, crontab
from huey.api import Huey
from huey.exceptions import ConfigurationError

from clinic.core.config import database_name
from clinic.core.errors import BadConfiguration
from clinic.core.logging.error_summary import error_name, traceback_summary
from clinic.core.modules import PeriodicJob, registered_modules
from clinic.core.unit_of_work import deliver_due

_log = logging.getLogger("clinic.worker")
_EXTENSION = "clinic.carrier"


def init_jobs(app: Flask) -> None:
    """Give an application its carrier: on SQLite unless Redis is configured, in memory for tests."""
    carrier = _carrier(app)

    @carrier.task(name="tick")
    def tick() -> None:
        with app.app_context():
            run_due_jobs()

    carrier.periodic_task(crontab(minute="*"), name="each_minute")(tick.call_local)
    app.extensions[_EXTENSION] = {"carrier": carrier, "tick": tick}


def queue_of(app: Flask) -> Huey:
    """Return the huey instance of an application."""
    return app.extensions[_EXTENSION]["carrier"]


def wake_worker() -> None:
    """Tell a worker that something is due; if that can't be said, it finds out by itself within a minute."""
    try:
        current_app.extensions[_EXTENSION]["tick"]()
    except Exception as error:  # noqa: BLE001 - a request never fails for want of a worker
        _log.warning("worker_not_woken error=%s", error_name(error))


def run_due_jobs(failed: list[str] | None = None) -> int:
    """Run all that is due and return how much was done: deliveries first, then the jobs of the highest module.

    The lowest module comes last, as the higher ones write what it seals. A job that fails is logged, and its name added
    to `failed`; the others run.
    """
    jobs = [PeriodicJob("deliveries", deliver_due)]
    jobs += [job for module in reversed(registered_modules()) for job in module.get_periodic_jobs()]
    return sum([_run(job, failed) * job.counted for job in jobs])


def _run(job: PeriodicJob, failed: list[str] | None) -> int:
    """Repeat a job until it finds nothing more; what it has to try again later is not due then."""
    done = 0
    try:
        while found := job.run():
            done += found
    except Exception as error:  # noqa: BLE001 - the next job is not to blame
        if failed is not None:
            failed.append(job.name)
        _log.error("job_failed job=%s error=%s frames=%s", job.name, error_name(error), traceback_summary(error))
    return done


def _carrier(app: Flask) -> Huey:
    if app.testing:
        return MemoryHuey("clinic", immediate=False)
    if app.config["REDIS_URL"]:
        return _on_redis(database_name(app), app.config["REDIS_URL"])
    folder = Path(app.instance_path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return SqliteHuey("clinic", filename=str(folder / f"{database_name(app)}-queue.db"))
    except (OSError, sqlite3.OperationalError) as error:
        raise BadConfiguration(f"{folder} can't be written to: let this user write there") from error


def _on_redis(name: str, url: str) -> Huey:
    try:
        return RedisHuey(name, url=url)
    except ConfigurationError as error:
        raise BadConfiguration("CLINIC_REDIS_URL is set, but redis is not installed: install .[redis]") from error
    except ValueError as error:
        raise BadConfiguration("CLINIC_REDIS_URL is malformed: write it like redis://host:6379/0") from error
