"""A look at stored events and their deliveries, and a person's decisions about those that failed."""

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
    """What was published, and what became of it."""

    def list(
        self, *, state: str | None = None, event_type: str | None = None, limit: int = 50
    ) -> Sequence[tuple[StoredEvent, Delivery | None]]:
        """Return events with their deliveries, the latest first; one without a listener stands alone."""
        if event_type and not is_storable(event_type):
            return []
        wanted = (
            select(StoredEvent, Delivery)
            .join(Delivery, Delivery.event_id == StoredEvent.id, isouter=True)
            .order_by(StoredEvent.id.desc(), Delivery.position)
            .limit(limit)
        )
        if state:
            wanted = wanted.where(Delivery.state == state)
        if event_type:
            wanted = wanted.where(StoredEvent.type == event_type)
        return [(row[0], row[1]) for row in db.session.execute(wanted)]

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
        """Let every delivery that is not done be tried at once, with all its tries before it.

        :raises Conflict: if nothing is left to be done
        """
        again = {"state": RETRYING, "attempts": 0, "next_attempt_at": now()}
        return self._decide("event-retried", event_id, (*OPEN, DEAD, DISCARDED), **again)

    def discard(self, event_id: UUID) -> int:
        """Give up every delivery that is not done.

        :raises Conflict: if nothing is left to be given up
        """
        return self._decide("event-discarded", event_id, (*OPEN, DEAD), state=DISCARDED)

    def _decide(self, act: str, event_id: UUID, states: Sequence[str], **values: object) -> int:
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
            record_act(act, StoredEvent.__tablename__, event_id, clinic_id=event.clinic_id, count=len(changed))
        return len(changed)


event_log = EventLog()
