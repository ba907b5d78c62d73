"""The change of a clinic's time zone, which records of the modules follow in the same transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from clinic.core.context import current_actor
from clinic.core.errors import Conflict
from clinic.core.modules import Panel, ZoneFollower, zone_followers
from clinic.core.zone_change import ZoneNotice, ZonePreview
from clinic.identity.models import Clinic

MOST_LISTED = 200

_NOT_SHOWN = "This is not what was shown before: look at it, then change the time zone"


class ZoneChangeRefused(Conflict):
    """Records are in the way of another time zone, or the change would be another one than was shown."""

    code = "zone-change-refused"

    def __init__(self, message: str, change: "ZoneChange") -> None:
        blocking = [one for one in change.listed if one.blocks]
        records = [{"record": one.record, "id": str(one.record_id), "text": one.text} for one in blocking]
        super().__init__(message, details={"records": records})
        self.change = change


@dataclass(frozen=True)
class ZoneChange:
    """A change from one zone to another as it would be made now."""

    before: str
    zone: str
    parts: Sequence[tuple[ZoneFollower[Any], ZonePreview]]

    @property
    def text(self) -> str:
        """What the change does, as one line."""
        return "; ".join(preview.text for _, preview in self.parts)

    @property
    def notices(self) -> Sequence[ZoneNotice]:
        """The notices about single records, those in the way first."""
        return _sorted(one for _, preview in self.parts for one in preview.notices)

    @property
    def listed(self) -> Sequence[ZoneNotice]:
        """The first 200 of the notices that the current actor may see."""
        may_see = current_actor().has_permission
        seen = (one for _, preview in self.parts if may_see(preview.permission) for one in preview.notices)
        return _sorted(seen)[:MOST_LISTED]

    @property
    def is_possible(self) -> bool:
        """Whether no record is in the way."""
        return not any(one.blocks for one in self.notices)

    @property
    def seal(self) -> str:
        """A text that is the same as long as the zones and the notices are."""
        named = [f"{one.record_id}:{one.blocks}:{one.text}" for one in self.notices]
        return sha256(repr((self.before, self.zone, named)).encode()).hexdigest()[:32]

    @property
    def panels(self) -> Sequence[Panel]:
        """The panels of the page that shows the change."""
        return [follower.panel(preview) for follower, preview in self.parts]

    def follow(self, seen: str | None) -> None:
        """Let the records follow; `seen` is the seal of what was shown, None if nothing was.

        :raises ZoneChangeRefused: if records are in the way, or something else was shown
        """
        if seen is not None and seen != self.seal:
            raise ZoneChangeRefused(_NOT_SHOWN, self)
        if not self.is_possible:
            raise ZoneChangeRefused(self.text, self)
        for follower, preview in self.parts:
            follower.follow(preview)


def preview_change(clinic: Clinic, zone: str) -> ZoneChange:
    """Return what changes with another time zone."""
    parts = [(follower, follower.preview(zone)) for follower in zone_followers()] if zone != clinic.zone else []
    return ZoneChange(clinic.zone, zone, parts)


def change_zone(clinic: Clinic, zone: str, seen: str | None) -> None:
    """Change the time zone of a locked clinic in the open unit of work, and let the records of all modules follow.

    :raises ZoneChangeRefused: if records are in the way, or `seen` is the seal of something else
    """
    for follower in zone_followers():
        follower.lock()
    preview_change(clinic, zone).follow(seen)
    clinic.zone = zone


def _sorted(notices: Iterable[ZoneNotice]) -> Sequence[ZoneNotice]:
    return sorted(notices, key=lambda one: not one.blocks)
