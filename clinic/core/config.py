"""Settings: defaults < `instance/config.toml` < environment `CLINIC_*` < what `create_app` is given."""

import math
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, current_app
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from clinic.core.db.engine import ENGINE_OPTIONS
from clinic.core.errors import BadConfiguration
from clinic.core.secret_keys import load_or_create_key, refuse_open_file, refuse_weak_key

SETTINGS = {
    "CLINIC_DATABASE_URL": "SQLALCHEMY_DATABASE_URI",
    "CLINIC_SECRET_KEY": "SECRET_KEY",
    "CLINIC_AUDIT_KEY": "AUDIT_KEY",
    "CLINIC_PUBLIC_URL": "PUBLIC_URL",
    "CLINIC_TRUSTED_HOSTS": "TRUSTED_HOSTS",
    "CLINIC_REDIS_URL": "REDIS_URL",
    "CLINIC_SMTP_URL": "SMTP_URL",
    "CLINIC_MAIL_FROM": "MAIL_FROM",
    "CLINIC_LEASE_SECONDS": "LEASE_SECONDS",
    "CLINIC_MESSAGE_DELAY_SECONDS": "MESSAGE_DELAY_SECONDS",
    "CLINIC_SECRET_KEY_FALLBACKS": "SECRET_KEY_FALLBACKS",
    "CLINIC_PROXIES": "PROXIES",
    "CLINIC_ENV": "ENVIRONMENT",
}
"""The settings by name, and their keys in `app.config`."""

DEFAULTS: dict[str, Any] = {
    "ENVIRONMENT": "development",
    "AUDIT_KEY": "",
    "PUBLIC_URL": "http://127.0.0.1:5000",
    "TRUSTED_HOSTS": None,
    "REDIS_URL": "",
    "SMTP_URL": "",
    "MAIL_FROM": "clinic@localhost",
    "LEASE_SECONDS": 60,
    "MESSAGE_DELAY_SECONDS": 30,
    "PROXIES": 0,
    "SECRET_KEY_FALLBACKS": None,
    "LOCK_TIMEOUT_MS": 4000,
    "MAX_CONTENT_LENGTH": 1024 * 1024,
    "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
    "MAX_FORM_PARTS": 2000,
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "SQLALCHEMY_TRACK_MODIFICATIONS": False,
}

NOT_TEXT = {
    "CLINIC_LEASE_SECONDS",
    "CLINIC_MESSAGE_DELAY_SECONDS",
    "CLINIC_TRUSTED_HOSTS",
    "CLINIC_PROXIES",
    "CLINIC_SECRET_KEY_FALLBACKS",
}
MAIL_WAYS = ("", "smtp", "smtps", "folder", "console")
"""The schemes of the address of mail; without one it is written to a folder."""

MOST_PROXIES = 5
THIS_MACHINE = ["localhost", "127.0.0.1"]


def instance_folder(given: Mapping[str, Any] | None, usual: Path) -> Path:
    """Return the instance folder: as given, else from `CLINIC_INSTANCE_PATH`, else `usual`."""
    return Path((given or {}).get("INSTANCE_PATH") or os.environ.get("CLINIC_INSTANCE_PATH") or usual).resolve()


def load_config(app: Flask, given: Mapping[str, Any] | None) -> None:
    """Load and check the configuration of an application.

    :raises BadConfiguration: if a setting is unknown or malformed, or, in production, the secret key is weak
    """
    app.config.from_mapping(DEFAULTS)
    app.config.update(_from_file(Path(app.instance_path) / "config.toml"))
    app.config.update({SETTINGS[name]: os.environ[name] for name in SETTINGS if name in os.environ})
    app.config.update(given or {})
    _convert_types(app)
    _check_keys(app)
    _create_instance_folder(Path(app.instance_path))
    if not app.config.get("SQLALCHEMY_DATABASE_URI"):
        app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{Path(app.instance_path) / 'clinic.db'}"
    url = _with_driver(str(app.config["SQLALCHEMY_DATABASE_URI"]))
    _refuse_bad_url(url)
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = ENGINE_OPTIONS | app.config.get("SQLALCHEMY_ENGINE_OPTIONS", {})


def database_name(app: Flask) -> str:
    """Return the name of the database, which separates the files and channels of installations on one machine."""
    return Path(str(make_url(app.config["SQLALCHEMY_DATABASE_URI"]).database)).stem


def is_production(app: Flask) -> bool:
    """Return whether an application is configured for production, where weak settings are refused."""
    return bool(app.config["ENVIRONMENT"] == "production")


def in_production() -> bool:
    """Return whether the current application is configured for production."""
    return bool(current_app.config["ENVIRONMENT"] == "production")


def _create_instance_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadConfiguration(f"{folder} can't be written to: let this user write there") from error


def _from_file(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise BadConfiguration(f"{path} can't be read ({error.strerror}): let this user read it") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfiguration(f"{path} is not valid TOML: {error}") from error
    if unknown := sorted(found.keys() - SETTINGS.keys()):
        raise BadConfiguration(f"{path} has an unknown setting: {unknown[0]}; known are {', '.join(SETTINGS)}")
    for name in found.keys() - NOT_TEXT:
        if not isinstance(found[name], str):
            raise BadConfiguration(f"{name} in {path} is not text: put it in quotation marks")
    return {SETTINGS[name]: value for name, value in found.items()}


def _convert_types(app: Flask) -> None:
    app.config["LEASE_SECONDS"] = _seconds("CLINIC_LEASE_SECONDS", app.config["LEASE_SECONDS"])
    delay = app.config["MESSAGE_DELAY_SECONDS"]
    app.config["MESSAGE_DELAY_SECONDS"] = _seconds("CLINIC_MESSAGE_DELAY_SECONDS", delay, may_be_0=True)
    _refuse_bad_mail_url(app)
    app.config["PROXIES"] = _proxies(app.config["PROXIES"])
    app.config["SECRET_KEY_FALLBACKS"] = _listed(app.config["SECRET_KEY_FALLBACKS"])
    public = _host(app.config["PUBLIC_URL"])
    usual = [*THIS_MACHINE, *([public] if public else [])]
    app.config["TRUSTED_HOSTS"] = _listed(app.config["TRUSTED_HOSTS"]) or usual
    _set_cookie_options(app)
    if app.config["ENVIRONMENT"] not in {"development", "production"}:
        raise BadConfiguration("CLINIC_ENV is development or production")


def _set_cookie_options(app: Flask) -> None:
    """Bind the session cookie to the host when the public URL is HTTPS (RFC 6265bis, 4.1.3.2)."""
    secure = app.config["PUBLIC_URL"].startswith("https://")
    app.config.update(
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_NAME="__Host-session" if secure else "session",
        SESSION_COOKIE_PATH="/",
    )


def _listed(value: Any) -> list[str]:
    parts = value.split(",") if isinstance(value, str) else value or []
    return [str(part).strip() for part in parts if str(part).strip()]


def _proxies(value: Any) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit()) or int(text) > MOST_PROXIES:
        raise BadConfiguration(f"CLINIC_PROXIES is not a number from 0 to {MOST_PROXIES}: set how many stand in front")
    return int(text)


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError as error:
        raise BadConfiguration("CLINIC_PUBLIC_URL is malformed: write it like https://clinic.example.org") from error


def _seconds(name: str, value: Any, *, may_be_0: bool = False) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = math.nan
    if not 0 <= seconds < math.inf or (seconds == 0 and not may_be_0):
        raise BadConfiguration(f"{name} is not a number of seconds: set it to one, like {DEFAULTS[SETTINGS[name]]}")
    return seconds


def _check_keys(app: Flask) -> None:
    key = app.config.get("SECRET_KEY")
    if is_production(app):
        if app.debug:
            raise BadConfiguration("debug mode is not for production")
        refuse_weak_key(key, "CLINIC_SECRET_KEY")
        for name in ("config.toml", "audit_key"):
            refuse_open_file(Path(app.instance_path) / name)
    elif not key:
        app.config["SECRET_KEY"] = load_or_create_key(Path(app.instance_path) / "secret_key", "CLINIC_SECRET_KEY")
    elif not app.debug and not app.testing and not app.config.get("TESTING"):
        refuse_weak_key(key, "CLINIC_SECRET_KEY")
    for old in app.config["SECRET_KEY_FALLBACKS"]:
        refuse_weak_key(old, "CLINIC_SECRET_KEY_FALLBACKS")
    if app.config["AUDIT_KEY"]:
        refuse_weak_key(app.config["AUDIT_KEY"], "CLINIC_AUDIT_KEY")


def _refuse_bad_mail_url(app: Flask) -> None:
    """Refuse an unknown way to send mail, and in production one that prints mail; never quote the password in it."""
    way = str(app.config["SMTP_URL"]).partition(":")[0]
    if way not in MAIL_WAYS:
        raise BadConfiguration("CLINIC_SMTP_URL is malformed: write it like smtp://host:587, folder:outbox or console:")
    if way == "console" and is_production(app):
        raise BadConfiguration("CLINIC_SMTP_URL prints mail to the console, which is not for production: set a server")


def _refuse_bad_url(url: str) -> None:
    """Refuse an invalid database URL, or one without an installed driver; never quote it: it may hold a password."""
    try:
        dialect = make_url(url).get_dialect()
        if dialect.name not in {"sqlite", "postgresql"}:
            raise BadConfiguration(f"CLINIC_DATABASE_URL is for {dialect.name}: use SQLite or PostgreSQL")
        dialect.import_dbapi()
    except ImportError as error:
        raise BadConfiguration(
            "CLINIC_DATABASE_URL is set, but the database's driver is not installed: install .[postgres]"
        ) from error
    except (ArgumentError, ValueError) as error:
        raise BadConfiguration(
            "CLINIC_DATABASE_URL is malformed: write it like sqlite:////folder/clinic.db "
            "or postgresql://user:password@host/clinic"
        ) from error


def _with_driver(url: str) -> str:
    """Return a database URL with psycopg 3 as the driver of a PostgreSQL URL that names none."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url
