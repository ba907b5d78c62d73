"""Two versions of a record that two people changed at once, to choose from field by field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """What both versions say of one field: the values that a form sends, and the words for people."""

    name: str
    label: str
    mine: str
    theirs: str
    my_words: str
    their_words: str

    @property
    def differs(self) -> bool:
        """Whether somebody has to choose."""
        return self.mine != self.theirs


def field_differences(
    labels: Mapping[str, str],
    mine: Mapping[str, str],
    theirs: Mapping[str, str],
    words: Mapping[str, Callable[[str], str]] | None = None,
) -> list[Difference]:
    """Return every field of two versions, by name and label; `words` says what values mean that are no words."""
    said = {name: (words or {}).get(name, str) for name in labels}
    return [
        Difference(name, label, mine[name], theirs[name], said[name](mine[name]), said[name](theirs[name]))
        for name, label in labels.items()
    ]
