"""Administration of stored events: listing deliveries, and retrying or discarding those that failed."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, update

from clinic.core.audit import record_act
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.errors import Conflict, NotFound
from clinic.core.events.models import DEAD, DISCARDED, OPEN, RETRYING, Delivery, StoredEvent
from clinic.core.text import is_storable
from clinic.core.unit_of_work import unit_of_work


class EventLog:
    """The stored events and their deliveries."""

    def list(
        self, *, state: str | None = None, event_type: str | None = None, limit: int = 50
    ) -> Sequence[tuple[StoredEvent, Delivery | None]]:
        """Return events with their deliveries, the latest first; an event without a handler has None."""
        if event_type and not is_storable(event_type):
            return []
        query = (
            select(StoredEvent, Delivery)
            .join(Delivery, Delivery.event_id == StoredEvent.id, isouter=True)
            .order_by(StoredEvent.id.desc(), Delivery.position)
            .limit(limit)
        )
        if state:
            query = query.where(Delivery.state == state)
        if event_type:
            query = query.where(StoredEvent.type == event_type)
        return [(row[0], row[1]) for row in db.session.execute(query)]

    def get(self, event_id: UUID) -> tuple[StoredEvent, Sequence[Delivery]]:
        """Return an event and its deliveries.

        :raises NotFound: if there is none of that id
        """
        event = db.session.get(StoredEvent, event_id)
        if event is None:
            raise NotFound("There is no such event")
        deliveries = select(Delivery).where(Delivery.event_id == event_id).order_by(Delivery.position)
        return event, db.session.scalars(deliveries).all()

    def retry(self, event_id: UUID) -> int:
        """Make every undelivered delivery due now, with its attempts counted from 0.

        :raises Conflict: if every delivery is done
        """
        values = {"state": RETRYING, "attempts": 0, "next_attempt_at": now()}
        return self._update("event-retried", event_id, (*OPEN, DEAD, DISCARDED), **values)

    def discard(self, event_id: UUID) -> int:
        """Discard every undelivered delivery.

        :raises Conflict: if every delivery is done or discarded
        """
        return self._update("event-discarded", event_id, (*OPEN, DEAD), state=DISCARDED)

    def _update(self, action: str, event_id: UUID, states: Sequence[str], **values: object) -> int:
        event, _ = self.get(event_id)
        with unit_of_work():
            changed = db.session.execute(
                update(Delivery)
                .where(Delivery.event_id == event_id, Delivery.state.in_(states))
                .values(lease=None, leased_until=None, **values)
                .returning(Delivery.id)
            ).all()
            if not changed:
                raise Conflict("Nothing of this event is left to be done")
            record_act(action, StoredEvent.__tablename__, event_id, clinic_id=event.clinic_id, count=len(changed))
        return len(changed)


event_log = EventLog()
