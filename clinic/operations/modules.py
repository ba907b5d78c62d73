"""`flask modules`: what the modules have registered in the application."""

from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from clinic.core.events import handler_name
from clinic.core.modules import BaseModule, registered_modules
from clinic.web.cli import show_record, show_rows
from clinic.web.cli_errors import Command

COLUMNS = ["module", "urls", "commands", "publishes", "handles"]


@click.command("modules", cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_appcontext
def modules(as_json: bool) -> None:
    """Show the URLs, commands, published and handled events of each module."""
    described = [describe(module) for module in registered_modules()]
    if as_json:
        show_rows(described, COLUMNS, as_json=True)
        return
    for one in described:
        show_record({name: _joined(value) for name, value in one.items()})


def describe(module: BaseModule) -> dict[str, Any]:
    """Return what a module has registered in the current application."""
    names = {blueprint.name for blueprint in module.get_blueprints()}
    rules = [rule for rule in current_app.url_map.iter_rules() if rule.endpoint.partition(".")[0] in names]
    groups = [blueprint.cli for blueprint in module.get_blueprints() if blueprint.cli.commands]
    return {
        "module": module.name,
        "urls": sorted({rule.rule for rule in rules}),
        "commands": sorted(f"{group.name} {command}" for group in groups for command in group.commands),
        "publishes": [event.name for event in module.get_published_events()],
        "handles": {event: handler_name(handler) for event, handler in module.get_event_handlers().items()},
    }


def _joined(value: Any) -> Any:
    if isinstance(value, dict):
        return ", ".join(f"{key} → {inner}" for key, inner in value.items())
    return ", ".join(value) if isinstance(value, list) else value
