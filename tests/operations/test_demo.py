"""`flask demo`: one command, a clinic in the browser."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from clinic import create_app


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def laptop(tmp_path: Path) -> Flask:
    """An installation that was never started."""
    return create_app({"TESTING": True, "INSTANCE_PATH": tmp_path, "SECRET_KEY": "x" * 32})


def test_a_taken_port_is_said_clearly_with_what_to_do(laptop: Flask, taken_port: int, tmp_path: Path) -> None:
    result = laptop.test_cli_runner().invoke(args=["demo", "--port", str(taken_port)])

    assert result.exit_code == 5
    assert f"port {taken_port} is taken" in result.stderr
    assert f"--port {taken_port + 1}" in result.stderr
    assert not list(tmp_path.glob("demo*"))


def test_made_up_people_are_not_put_into_a_real_database(laptop: Flask) -> None:
    result = laptop.test_cli_runner().invoke(args=["demo-data"])

    assert result.exit_code == 1
    assert "the demo's own database only" in result.stderr


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def read(address: str) -> str:
    """Wait for a page of a server that is starting, and return it."""
    for _ in range(1200):
        try:
            with urllib.request.urlopen(address, timeout=10) as response:
                return str(response.read().decode())
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"nothing answers at {address}")


def stop(demo: subprocess.Popen[str]) -> str:
    demo.terminate()
    return demo.communicate(timeout=60)[1]


@pytest.mark.crash
def test_the_demo_opens_a_filled_clinic_whose_worker_sends_and_keeps_it_for_the_next_time(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "flask", "--app", "clinic", "demo", "--port", str(port)]
    environment = {**os.environ, "CLINIC_INSTANCE_PATH": str(tmp_path)}
    body = b'{"family_name": "Wei\\u00df", "email": "weiss@example.org"}'

    first = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert "P-000320" in read(f"http://127.0.0.1:{port}/")
    register = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/patients", body, {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(register).close()
    deadline = time.monotonic() + 60
    while not list((tmp_path / "outbox").glob("*.eml")) and time.monotonic() < deadline:
        time.sleep(0.1)
    said = stop(first)
    second = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    again = read(f"http://127.0.0.1:{port}/")
    said_again = stop(second)

    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 1
    assert f"The clinic is open at http://127.0.0.1:{port}" in said
    assert "demo.db" in said
    assert "P-000321" in again
    assert "as they were left" in said_again
