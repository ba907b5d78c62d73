"""Declarations of events: their names, their keys and their publishers."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


class UndeclaredEvent(LookupError):
    """The event is not declared, or was published with other keys than declared."""


@dataclass(frozen=True)
class EventType:
    """The name of an event, the keys of its data, what publishes it and when."""

    name: str
    keys: frozenset[str]
    published_by: str
    when: str


_declared: dict[str, EventType] = {}


def declare_event(name: str, *keys: str, published_by: str, when: str) -> EventType:
    """Declare an event; the module that publishes it does this once.

    :raises ValueError: if the name is declared already, with other keys
    """
    declaration = EventType(name, frozenset(keys), published_by, when)
    if _declared.setdefault(name, declaration) != declaration:
        raise ValueError(f"the event {name} is declared twice")
    return declaration


def declared_events() -> Iterator[EventType]:
    """Return the declared events, sorted by name."""
    return iter(sorted(_declared.values(), key=lambda declaration: declaration.name))


def validate_event(name: str, data: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of an event's data as JSON values.

    :raises UndeclaredEvent: if the name or the keys are not those of a declaration
    :raises ValueError: if a value is not JSON (NaN is not)
    :raises TypeError: if a value is not JSON
    """
    declaration = _declared.get(name)
    if declaration is None:
        raise UndeclaredEvent(f"the event {name} is not declared by any module")
    if declaration.keys != data.keys():
        raise UndeclaredEvent(f"the event {name} has exactly the keys {sorted(declaration.keys)}")
    copy: dict[str, Any] = json.loads(json.dumps(data, allow_nan=False))
    return copy
