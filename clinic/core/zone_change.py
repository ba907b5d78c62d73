"""What a change of the clinic's time zone does to the records of a module, which keep their local time."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class ZoneNotice:
    """What is to be known of one record before the zone changes; if it `blocks`, the record has to be changed first."""

    record: str
    record_id: UUID
    text: str
    blocks: bool


@dataclass(frozen=True)
class ZonePreview:
    """What a change of the zone does: in one line, and notices about single records, for those with a permission."""

    text: str
    notices: Sequence[ZoneNotice]
    permission: str
