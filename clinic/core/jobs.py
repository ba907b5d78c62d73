"""Background work: the deliveries and the modules' periodic jobs, which a worker runs when they are due."""

import logging
import time
from collections.abc import Callable

from flask import Flask, current_app

from clinic.core.config import database_name
from clinic.core.events.delivery import delivery_queue
from clinic.core.logging.error_summary import error_name, traceback_summary
from clinic.core.modules import PeriodicJob, registered_modules
from clinic.core.redis_signal import RedisSignal
from clinic.core.unit_of_work import deliver_due
from clinic.core.work_queue import is_stopping

_log = logging.getLogger("clinic.worker")
_SIGNAL = "clinic.redis_signal"


def init_jobs(app: Flask) -> None:
    """Connect an application to the Redis channel that wakes its workers, if Redis is configured."""
    if url := app.config["REDIS_URL"]:
        app.extensions[_SIGNAL] = RedisSignal(url, f"clinic:{database_name(app)}")


def wake_worker() -> None:
    """Wake the workers at once, if Redis is configured; otherwise they find the work when they poll next."""
    if signal := _signal():
        signal.send()


def on_wake(wake: Callable[[], object]) -> None:
    """Call `wake`, from another thread, whenever `wake_worker` is called in any process of the installation."""
    if signal := _signal():
        signal.listen(wake)


def is_work_due() -> bool:
    """Return whether a queue has work that is due; one indexed query for each queue."""
    return any(job.is_due is not None and job.is_due() for job in _jobs())


def run_due_jobs(failed: list[str] | None = None, *, longest: float | None = None) -> int:
    """Run every job until nothing is due, or once and then for some seconds at most; return how much was done.

    Deliveries run first and the jobs of the lowest module, the audit trail, last: it seals what the others write. A job
    that fails is logged and its name added to `failed`; the others still run.
    """
    end = None if longest is None else time.monotonic() + longest
    return sum([_run(job, failed, end) * job.counted for job in _jobs()])


def _jobs() -> list[PeriodicJob]:
    modules = reversed(registered_modules())
    deliveries = PeriodicJob("deliveries", deliver_due, is_due=delivery_queue.is_due)
    return [deliveries, *(job for module in modules for job in module.get_periodic_jobs())]


def _run(job: PeriodicJob, failed: list[str] | None, end: float | None) -> int:
    """Repeat a job until it finds nothing more, the time is over, or the worker shuts down."""
    done = 0
    try:
        while not is_stopping() and (found := job.run()):
            done += found
            if end is not None and time.monotonic() >= end:
                break
    except Exception as error:  # noqa: BLE001 - an error in one job must not stop the others
        if failed is not None:
            failed.append(job.name)
        _log.error("job_failed job=%s error=%s frames=%s", job.name, error_name(error), traceback_summary(error))
    return done


def _signal() -> RedisSignal | None:
    signal: RedisSignal | None = current_app.extensions.get(_SIGNAL)
    return signal
