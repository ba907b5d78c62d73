"""The carrier of background work: huey, which only ever gets a tick; what is due stands in tables."""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

from flask import Flask, current_app
from huey import MemoryHuey, RedisHuey, SqliteHuey, crontab
from huey.api import Huey
from huey.exceptions import ConfigurationError

from clinic.core.config import database_name
from clinic.core.deliveries import deliver_due
from clinic.core.errors import BadConfiguration
from clinic.core.failures import class_of, frames_of
from clinic.core.modules import registered_modules
from clinic.core.sealing import seal_due

_log = logging.getLogger("clinic.worker")
_EXTENSION = "clinic.carrier"


def init_background(app: Flask) -> None:
    """Give an application its carrier: on SQLite unless Redis is configured, in memory for tests."""
    carrier = _carrier(app)

    @carrier.task(name="tick")
    def tick() -> None:
        with app.app_context():
            run_due_jobs()

    carrier.periodic_task(crontab(minute="*"), name="each_minute")(tick.call_local)
    app.extensions[_EXTENSION] = {"carrier": carrier, "tick": tick}


def carrier_of(app: Flask) -> Huey:
    """Return the huey instance of an application."""
    return app.extensions[_EXTENSION]["carrier"]


def wake_worker() -> None:
    """Tell a worker that something is due; if that can't be said, it finds out by itself within a minute."""
    try:
        current_app.extensions[_EXTENSION]["tick"]()
    except Exception as error:  # noqa: BLE001 - a request never fails for want of a worker
        _log.warning("worker_not_woken error=%s", class_of(error))


def run_due_jobs() -> int:
    """Do all that is due: deliveries first, then each module's jobs; return how much was done.

    At last the audit trail is sealed, which is not counted. A job that fails is logged and keeps no other one from
    running.
    """
    jobs: list[tuple[str, Callable[[], int]]] = [("deliveries", deliver_due)]
    jobs += [(job.name, job.run) for module in registered_modules() for job in module.get_periodic_jobs()]
    done = sum(_run(name, job) for name, job in jobs)
    _run("sealing", seal_due)
    return done


def _run(name: str, job: Callable[[], int]) -> int:
    """Repeat a job until it finds nothing more; what it has to try again later is not due then."""
    done = 0
    try:
        while found := job():
            done += found
    except Exception as error:  # noqa: BLE001 - the next job is not to blame
        _log.error("job_failed job=%s error=%s frames=%s", name, class_of(error), frames_of(error))
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
