"""Patients, appointments, billing and messages of a clinic: modules connected by an event bus."""

import gc

_COLLECTS = gc.isenabled()
gc.disable()  # hardly anything of what is imported goes away: looking for it takes a quarter of the time

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import Migrate

from clinic import appointments, audit, billing, notifications, operations, patients, staff
from clinic.core.config import instance_folder, load_config
from clinic.core.db import db
from clinic.core.jobs import init_jobs
from clinic.core.logging.formatters import init_logging, log_exception
from clinic.core.logging.log_redaction import init_log_redaction
from clinic.web import init_web
from clinic.web.json_api import ApiBlueprint
from clinic.web.openapi import Api
from clinic.web.permission_checks import check_permissions
from clinic.web.request_hooks import csrf

MODULES = (
    audit.module,
    staff.module,
    patients.module,
    appointments.module,
    billing.module,
    notifications.module,
)
"""Every module, lowest first; registering its blueprints registers its object."""

ROOT = Path(__file__).resolve().parent
MIGRATIONS = ROOT / "core" / "migrations"


class Clinic(Flask):
    """A Flask application that logs unexpected errors without their messages."""

    def log_exception(self, exc_info: Any) -> None:
        """Log the traceback of an unexpected error without its message."""
        log_exception(exc_info)


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Return an application: settings < `instance/config.toml` < `CLINIC_*` < `config`.

    :raises BadConfiguration: if it cannot start with these settings
    """
    app = Clinic(
        __name__,
        instance_path=str(instance_folder(config, ROOT.parent / "instance")),
        static_folder=str(ROOT / "web" / "static"),
        template_folder=str(ROOT / "web" / "templates"),
    )
    load_config(app, config)
    init_logging()
    init_log_redaction()
    db.init_app(app)
    Migrate(app, db, directory=str(MIGRATIONS), compare_type=True, render_as_batch=False)
    init_web(app)
    init_jobs(app)
    api = Api(app)
    for module in MODULES:
        for blueprint in module.get_blueprints():
            if isinstance(blueprint, ApiBlueprint):
                api.register_blueprint(blueprint)
                csrf.exempt(blueprint)
            else:
                app.register_blueprint(blueprint)
    operations.init_app(app)
    check_permissions(app)
    return app


gc.freeze()
if _COLLECTS:
    gc.enable()
