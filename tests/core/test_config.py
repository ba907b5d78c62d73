"""Settings: defaults < `instance/config.toml` < environment < what the factory is given."""

import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from clinic import create_app
from clinic.core.errors import BadConfiguration
from tests.script_processes import run_script

STRONG = "0123456789abcdef" * 3


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLINIC_DATABASE_URL", "CLINIC_SECRET_KEY", "CLINIC_ENV", "CLINIC_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)


def start(instance: Path, **config: Any) -> Flask:
    return create_app({"INSTANCE_PATH": instance, **config})


@pytest.mark.slow
def test_without_any_setting_it_starts_on_a_file_of_its_own(tmp_path: Path) -> None:
    app = start(tmp_path)

    assert app.config["SQLALCHEMY_DATABASE_URI"] == f"sqlite:///{tmp_path / 'clinic.db'}"


@pytest.mark.slow
def test_the_environment_wins_over_the_file_and_the_factory_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text('CLINIC_PUBLIC_URL = "file"\nCLINIC_MAIL_FROM = "file@x.org"\n')
    monkeypatch.setenv("CLINIC_PUBLIC_URL", "environment")

    app, told = start(tmp_path), start(tmp_path, PUBLIC_URL="factory")

    assert (app.config["PUBLIC_URL"], app.config["MAIL_FROM"]) == ("environment", "file@x.org")
    assert told.config["PUBLIC_URL"] == "factory"


@pytest.mark.parametrize("written", ["CLINIC_TYPO = 1", "not toml at all", "\udcff"])
def test_a_bad_file_is_refused_with_its_name(tmp_path: Path, written: str) -> None:
    (tmp_path / "config.toml").write_bytes(written.encode("utf-8", "surrogateescape"))

    with pytest.raises(BadConfiguration, match=r"config\.toml"):
        start(tmp_path)


@pytest.mark.slow
def test_a_secret_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    first, second = start(tmp_path), start(tmp_path)

    path = tmp_path / "secret_key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert first.config["SECRET_KEY"] == second.config["SECRET_KEY"] == path.read_text()
    assert len(path.read_text()) >= 32


@pytest.mark.row(94)
@pytest.mark.parametrize("key", [None, "", "dev", "short", "a" * 64, "ab" * 20])
def test_production_refuses_a_missing_or_weak_key(tmp_path: Path, key: str | None) -> None:
    with pytest.raises(BadConfiguration, match="CLINIC_SECRET_KEY"):
        start(tmp_path, ENVIRONMENT="production", SECRET_KEY=key)


@pytest.mark.slow
def test_production_starts_with_a_strong_key(tmp_path: Path) -> None:
    assert start(tmp_path, ENVIRONMENT="production", SECRET_KEY=STRONG).config["SECRET_KEY"] == STRONG


@pytest.mark.row(94)
def test_production_refuses_debug_mode_and_a_weak_key_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadConfiguration, match="FALLBACKS"):
        start(tmp_path, ENVIRONMENT="production", SECRET_KEY=STRONG, SECRET_KEY_FALLBACKS=[STRONG, "dev"])

    monkeypatch.setenv("FLASK_DEBUG", "1")
    with pytest.raises(BadConfiguration, match="debug"):
        start(tmp_path, ENVIRONMENT="production", SECRET_KEY=STRONG)


@pytest.mark.slow
@pytest.mark.row(94)
def test_production_refuses_a_world_readable_config_file(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f'CLINIC_SECRET_KEY = "{STRONG}"\n')
    file.chmod(0o644)

    with pytest.raises(BadConfiguration, match="chmod"):
        start(tmp_path, ENVIRONMENT="production")

    file.chmod(0o640)
    assert start(tmp_path, ENVIRONMENT="production").config["SECRET_KEY"] == STRONG


@pytest.mark.row(94)
def test_production_refuses_a_world_readable_audit_key(tmp_path: Path) -> None:
    file = tmp_path / "audit_key"
    file.write_text(STRONG)
    file.chmod(0o644)

    with pytest.raises(BadConfiguration, match="audit_key"):
        start(tmp_path, ENVIRONMENT="production", SECRET_KEY=STRONG)


def test_with_debug_off_a_weak_key_is_refused_anywhere(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration):
        start(tmp_path, SECRET_KEY="dev")


def test_an_unknown_environment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match="CLINIC_ENV"):
        start(tmp_path, ENVIRONMENT="staging")


@pytest.mark.slow
@pytest.mark.parametrize("url", ["postgresql://u@h/d", "postgres://u@h/d"])
def test_a_postgresql_url_means_psycopg_3(tmp_path: Path, url: str) -> None:
    assert (
        start(tmp_path, SQLALCHEMY_DATABASE_URI=url).config["SQLALCHEMY_DATABASE_URI"] == "postgresql+psycopg://u@h/d"
    )


@pytest.mark.slow
def test_hosts_are_a_list(tmp_path: Path) -> None:
    assert start(tmp_path, TRUSTED_HOSTS="a.org, b.org").config["TRUSTED_HOSTS"] == ["a.org", "b.org"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"LEASE_SECONDS": "abc"}, "CLINIC_LEASE_SECONDS is not a number of seconds"),
        ({"LEASE_SECONDS": "nan"}, "CLINIC_LEASE_SECONDS is not a number of seconds"),
        ({"LEASE_SECONDS": "0"}, "CLINIC_LEASE_SECONDS is not a number of seconds"),
        ({"MESSAGE_DELAY_SECONDS": "-1"}, "CLINIC_MESSAGE_DELAY_SECONDS is not a number of seconds"),
        ({"LEASE_SECONDS": []}, "CLINIC_LEASE_SECONDS is not a number of seconds"),
        ({"SQLALCHEMY_DATABASE_URI": "clinic.db"}, "CLINIC_DATABASE_URL is malformed"),
        ({"SQLALCHEMY_DATABASE_URI": "postgresql://u:hush@h:port/d"}, "CLINIC_DATABASE_URL is malformed"),
        ({"SQLALCHEMY_DATABASE_URI": "nosuch://u:hush@h/d"}, "CLINIC_DATABASE_URL is malformed"),
        ({"SQLALCHEMY_DATABASE_URI": "mysql://u:hush@h/d"}, "use SQLite or PostgreSQL"),
        ({"PUBLIC_URL": "http://[x"}, "CLINIC_PUBLIC_URL is malformed"),
    ],
)
def test_a_malformed_setting_is_refused_in_one_sentence_without_its_password(
    tmp_path: Path, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadConfiguration, match=said) as refused:
        start(tmp_path, **settings)

    assert "\n" not in str(refused.value)
    assert "hush" not in str(refused.value)


def test_a_value_of_the_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("CLINIC_SECRET_KEY = 12345")

    with pytest.raises(BadConfiguration, match=r"CLINIC_SECRET_KEY in .* is not text"):
        start(tmp_path)


@pytest.mark.parametrize(
    ("module", "settings", "extra"),
    [
        ("psycopg", {"SQLALCHEMY_DATABASE_URI": "postgresql://u@h/d"}, "postgres"),
        ("redis", {"REDIS_URL": "redis://h"}, "redis"),
    ],
)
def test_a_configured_driver_that_is_not_installed_is_refused_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, settings: dict[str, str], extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(BadConfiguration, match=rf"install \.\[{extra}\]"):
        start(tmp_path, **settings)


def test_a_key_that_can_not_be_stored_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(BadConfiguration, match="set CLINIC_SECRET_KEY"):
        start(tmp_path / "file" / "instance")


def test_an_instance_folder_that_can_not_be_created_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(BadConfiguration, match="can't be written to"):
        start(tmp_path / "file" / "instance", SECRET_KEY=STRONG)


COMMAND = """
import os, sys
import flask.cli
os.dup2(os.open(errors, os.O_CREAT | os.O_WRONLY), 2)
os.environ.clear()
os.environ.update(environment)
sys.argv = ["flask", *args]
flask.cli.main()
"""
"""Runs a command as `python -m flask` does, with what it reports apart from what it prints."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("app", "settings"),
    [
        ([], {"CLINIC_ENV": "production"}),
        (["--app", "clinic"], {"CLINIC_ENV": "production"}),
        ([], {"CLINIC_LEASE_SECONDS": "abc"}),
        (["--app", "clinic"], {"CLINIC_DATABASE_URL": "clinic.db"}),
        ([], {"CLINIC_INSTANCE_PATH": "/dev/null/instance"}),
    ],
)
def test_a_command_answers_a_bad_configuration_in_one_line(
    tmp_path: Path, app: list[str], settings: dict[str, str]
) -> None:
    environment = {**os.environ, "CLINIC_INSTANCE_PATH": str(tmp_path), **settings}
    errors = tmp_path / "errors.log"

    ended = run_script(COMMAND, tmp_path, errors=str(errors), args=[*app, "patients", "list"], environment=environment)

    assert (ended.returncode, ended.output) == (4, "")
    (line,) = errors.read_text().splitlines()
    assert line.startswith("Error: ")


@pytest.mark.slow
def test_an_empty_setting_of_the_environment_undoes_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.toml").write_text('CLINIC_SMTP_URL = "smtp://h"\nCLINIC_REDIS_URL = "redis://h"\n')
    monkeypatch.setenv("CLINIC_SMTP_URL", "")
    monkeypatch.setenv("CLINIC_REDIS_URL", "")

    app = start(tmp_path)

    assert (app.config["SMTP_URL"], app.config["REDIS_URL"]) == ("", "")


def test_a_malformed_redis_url_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("redis")

    with pytest.raises(BadConfiguration, match="CLINIC_REDIS_URL is malformed"):
        start(tmp_path, REDIS_URL="localhost:6379")
