"""What is said and what is stored while PostgreSQL or Redis breaks under load.

`python tests/load/break_services.py postgres URL [--seconds 60]` ends the connections of an empty database again and
again while patients are registered, and compares the answers with the rows.
`python tests/load/break_services.py redis [--seconds 20]` registers patients while a Redis of its own runs, hangs, runs
again, is gone and is back, each for that time, and waits for their welcome mails. With `--clients 1` no request waits
for another one's, so that what is left of the slowest is due to Redis.

Each exits with 1 if an answer does not agree with what is stored.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from sqlalchemy import create_engine, text

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from clinic import create_app
from clinic.core.db import db
from clinic.core.tenancy import clinic_scope
from clinic.identity.api_keys import api_key_service
from clinic.operations.setup import upgrade_database
from tests.browser.server import ROOT, serve
from tests.builders import a_clinic
from tests.smtp_server import free_port

PAUSE = 0.08
"""Seconds between two ends of a connection."""

STORED = {"201", "saved-but-not-shown"}
UNKNOWN = {"outcome-unknown", "no answer"}
MAIL_SECONDS = 150


@dataclass
class Load:
    """Clients that register patients of different names: what each was answered, and how long it took."""

    origin: str
    key: str
    clients: int
    answers: dict[str, str] = field(default_factory=dict)
    took: list[float] = field(default_factory=list)
    stop: Event = field(default_factory=Event)

    def run(self, seconds: float, name: str, beside: Callable[[], None] | None = None) -> None:
        """Register patients for some seconds; `beside` is called again and again meanwhile."""
        self.took.clear()
        self.stop.clear()
        threads = [Thread(target=self._register, args=(f"{name}{client}",)) for client in range(self.clients)]
        for thread in threads:
            thread.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if beside:
                beside()
            time.sleep(PAUSE)
        self.stop.set()
        for thread in threads:
            thread.join()

    def _register(self, name: str) -> None:
        number = 0
        while not self.stop.is_set():
            number += 1
            family_name = f"{name}x{number}"
            began = time.monotonic()
            self.answers[family_name] = self._answer(family_name)
            self.took.append(time.monotonic() - began)

    def _answer(self, family_name: str) -> str:
        body = json.dumps({"family_name": family_name, "email": f"{family_name}@example.org"}).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.origin}/api/v1/patients", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return str(response.status)
        except urllib.error.HTTPError as error:
            return str(json.load(error).get("code"))
        except OSError:
            return "no answer"


def main() -> None:
    """Break what is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("service", choices=["postgres", "redis"])
    parser.add_argument("url", nargs="?")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        if options.service == "postgres":
            _break_postgres(options.url, folder, options.seconds or 60, options.clients)
        else:
            _break_redis(folder, options.seconds or 20, options.clients)


def _break_postgres(url: str, folder: Path, seconds: float, clients: int) -> None:
    key = _prepare(url, folder)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    others = text("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
    ended = 0
    with engine.connect() as connection, serve(url, folder) as origin:
        load = Load(origin, key, clients)

        def end_one() -> None:
            nonlocal ended
            found = connection.execute(others).scalars().all()
            for backend in found[ended % max(len(found), 1) :][:1]:
                connection.execute(text("SELECT pg_terminate_backend(:backend)"), {"backend": backend})
                ended += 1

        load.run(seconds, "Pg", end_one)
    with engine.connect() as connection:
        stored = set(connection.execute(text("SELECT family_name FROM patients")).scalars())
    print(f"{ended} connections ended in {seconds:.0f} s")
    _compare(load, stored)


def _break_redis(folder: Path, seconds: float, clients: int) -> None:
    url, port = f"sqlite:///{folder / 'clinic.db'}", free_port()
    (folder / "config.toml").write_text(f'CLINIC_REDIS_URL = "redis://127.0.0.1:{port}/0"\n')
    key = _prepare(url, folder)
    redis = _start_redis(port)
    with _worker(folder, url), serve(url, folder) as origin:
        load = Load(origin, key, clients)
        load.run(seconds, "Up")
        _say(load, "Redis runs")
        redis.send_signal(signal.SIGSTOP)
        load.run(seconds, "Hung")
        _say(load, "Redis hangs")
        redis.send_signal(signal.SIGCONT)
        load.run(seconds, "Again")
        _say(load, "Redis runs again")
        redis.kill()
        redis.wait()
        load.run(seconds, "Gone")
        _say(load, "Redis is gone")
        redis = _start_redis(port)
        load.run(seconds, "Back")
        _say(load, "Redis is back")
        said = sum(answer == "201" for answer in load.answers.values())
        began = time.monotonic()
        while len(_mails(folder)) < said and time.monotonic() < began + MAIL_SECONDS:
            time.sleep(1)
        print(f"{len(_mails(folder))} mails of {said} patients, {time.monotonic() - began:.0f} s after the last one")
    redis.kill()
    with create_engine(url).connect() as connection:
        stored = set(connection.execute(text("SELECT family_name FROM patients")).scalars())
    _compare(load, stored)
    if len(_mails(folder)) != said:
        sys.exit(1)


def _compare(load: Load, stored: set[str]) -> None:
    """Print how answers and rows agree; exit with 1 if they do not."""
    said = {name for name, answer in load.answers.items() if answer in STORED}
    unknown = {name for name, answer in load.answers.items() if answer in UNKNOWN}
    print("answers:", dict(Counter(load.answers.values())))
    print(f"stored {len(stored)} = said stored {len(said)} + of {len(unknown)} unknown {len(stored & unknown)}")
    lost, denied = said - stored, stored - said - unknown
    print(f"said stored but not: {len(lost)}; said not stored but was: {len(denied)}")
    if lost or denied:
        sys.exit(1)


def _say(load: Load, what: str) -> None:
    took = sorted(load.took)
    print(
        f"{what:16} {len(took)} requests, median {took[len(took) // 2] * 1000:.0f} ms, slowest {took[-1] * 1000:.0f} ms"
    )


def _mails(folder: Path) -> list[Path]:
    return list((folder / "outbox").glob("*.eml"))


def _prepare(url: str, folder: Path) -> str:
    """Set up a clinic in an empty database; return an API key."""
    app = create_app({"TESTING": True, "SQLALCHEMY_DATABASE_URI": url, "INSTANCE_PATH": folder})
    with app.app_context():
        upgrade_database()
        with clinic_scope(a_clinic().id):
            _, key = api_key_service.create(label="Load", scopes=["all"])
        db.engine.dispose()
    return key


def _start_redis(port: int) -> "subprocess.Popen[bytes]":
    command = ["redis-server", "--port", str(port), "--save", "", "--bind", "127.0.0.1"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


@contextmanager
def _worker(folder: Path, url: str) -> Iterator[None]:
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "CLINIC_INSTANCE_PATH": str(folder)}
    environment["CLINIC_DATABASE_URL"] = url
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "flask", "worker"], cwd=ROOT, env=environment, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


if __name__ == "__main__":
    main()
