"""Settings: defaults < `instance/config.toml` < environment < what the factory is given."""

import stat
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from clinic import create_app
from clinic.core.config import BadConfiguration

STRONG = "0123456789abcdef" * 3


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLINIC_DATABASE_URL", "CLINIC_SECRET_KEY", "CLINIC_ENV", "CLINIC_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)


def start(instance: Path, **config: Any) -> Flask:
    return create_app({"INSTANCE_PATH": instance, **config})


def test_without_any_setting_it_starts_on_a_file_of_its_own(tmp_path: Path) -> None:
    app = start(tmp_path)

    assert app.config["SQLALCHEMY_DATABASE_URI"] == f"sqlite:///{tmp_path / 'clinic.db'}"


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


def test_a_secret_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    first, second = start(tmp_path), start(tmp_path)

    path = tmp_path / "secret_key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert first.config["SECRET_KEY"] == second.config["SECRET_KEY"] == path.read_text()
    assert len(path.read_text()) >= 32


@pytest.mark.parametrize("key", [None, "", "dev", "short", "a" * 64, "ab" * 20])
def test_production_refuses_a_missing_or_weak_key(tmp_path: Path, key: str | None) -> None:
    with pytest.raises(BadConfiguration, match="CLINIC_SECRET_KEY"):
        start(tmp_path, ENVIRONMENT="production", SECRET_KEY=key)


def test_production_starts_with_a_strong_key(tmp_path: Path) -> None:
    assert start(tmp_path, ENVIRONMENT="production", SECRET_KEY=STRONG).config["SECRET_KEY"] == STRONG


def test_with_debug_off_a_weak_key_is_refused_anywhere(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration):
        start(tmp_path, SECRET_KEY="dev")


def test_an_unknown_environment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match="CLINIC_ENV"):
        start(tmp_path, ENVIRONMENT="staging")


@pytest.mark.parametrize("url", ["postgresql://u@h/d", "postgres://u@h/d"])
def test_a_postgresql_url_means_psycopg_3(tmp_path: Path, url: str) -> None:
    assert (
        start(tmp_path, SQLALCHEMY_DATABASE_URI=url).config["SQLALCHEMY_DATABASE_URI"] == "postgresql+psycopg://u@h/d"
    )


def test_hosts_are_a_list(tmp_path: Path) -> None:
    assert start(tmp_path, TRUSTED_HOSTS="a.org, b.org").config["TRUSTED_HOSTS"] == ["a.org", "b.org"]
