"""Edit conflicts: two versions of a record that two people changed at once, to choose from field by field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """One field in both versions: the values that a form sends, and the texts that people read."""

    name: str
    label: str
    mine: str
    theirs: str
    my_text: str
    their_text: str

    @property
    def differs(self) -> bool:
        """Whether the versions differ in this field."""
        return self.mine != self.theirs


def field_differences(
    labels: Mapping[str, str],
    mine: Mapping[str, str],
    theirs: Mapping[str, str],
    formatters: Mapping[str, Callable[[str], str]] | None = None,
) -> list[Difference]:
    """Return every labelled field in both versions; `formatters` turn the values of some fields into texts."""
    formats = {name: (formatters or {}).get(name, str) for name in labels}
    return [
        Difference(name, label, mine[name], theirs[name], formats[name](mine[name]), formats[name](theirs[name]))
        for name, label in labels.items()
    ]
