"""Visits that took place and are on no standing invoice or draft, and drafts of them; reached through `service.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import TypedDict, TypeVar, Unpack
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, select

from clinic.appointments.service import Appointment, service_catalogue
from clinic.billing.drafts import Drafts
from clinic.billing.invoice_queries import WHOLLY_CREDITED
from clinic.billing.lines import LineFields
from clinic.billing.models import Invoice, InvoiceLine, PriceItem
from clinic.billing.price_list import price_list
from clinic.billing.rules import NO_SUCH_VISIT, NO_VISIT, SEVERAL_PATIENTS
from clinic.core.clock import day_bounds, today
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate
from clinic.core.errors import Conflict, InvalidInput, PermissionDenied
from clinic.core.money import Money
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.patients.service import patient_service

COUNTED_DAYS, MOST_COUNTED = 90, 99
_TOOK_PLACE, _SEES_VISITS = "fulfilled", "appointments:read"

Row = TypeVar("Row")


class VisitBilled(Conflict):
    """A visit is on an invoice or a draft already."""

    code = "visit-billed"

    def __init__(self) -> None:
        super().__init__("One of these visits is on an invoice or a draft already")


class VisitWithoutPrice(InvalidInput):
    """The price list has nothing to charge for a visit."""

    code = "visit-without-price"

    def __init__(self, service: str | None) -> None:
        what = f"“{service}”" if service else "A visit without a service"
        super().__init__(f"{what} has no price: set it in the price list first", field="appointment_ids")


class UnbilledFilters(TypedDict, total=False):
    """Which unbilled visits are wanted; the days, in the clinic's time zone, are the first and the last one."""

    patient_id: UUID | None
    practitioner_id: UUID | None
    service_id: UUID | None
    since: date | None
    until: date | None


@dataclass(frozen=True)
class UnbilledVisit:
    """A visit that is not billed yet, with the items of its service and today’s price of them, None without one."""

    appointment: Appointment
    items: Sequence[PriceItem]
    price: Money | None

    @property
    def id(self) -> UUID:
        """The id of the appointment."""
        return self.appointment.id

    @property
    def starts_at(self) -> datetime:
        """When it began."""
        return self.appointment.starts_at

    @property
    def patient_id(self) -> UUID:
        """The patient."""
        return self.appointment.patient_id


class UnbilledVisits(Drafts):
    """The visits of the current clinic that are not billed yet."""

    def unbilled(
        self,
        *,
        limit: int = DEFAULT_LIMIT,
        after: tuple[datetime, UUID] | None = None,
        **filters: Unpack[UnbilledFilters],
    ) -> Page[UnbilledVisit]:
        """Return the visits that took place and are on no invoice or draft, the latest first.

        An invoice that is wholly credited counts no more: its visits can be billed anew.

        :raises PermissionDenied: if the actor may not see appointments
        """
        _check_permission()
        wanted = _not_billed(select(Appointment).where(Appointment.status == _TOOK_PLACE, *_conditions(filters)))
        order = [Appointment.starts_at, Appointment.id]
        found = paginate(wanted, order, limit=limit, after=after, descending=True)
        items = price_list.of_services(one.service_id for one in found.rows if one.service_id)
        return Page([_with_price(visit, items) for visit in found.rows], found.next_key)

    def count_unbilled(self, patient_id: UUID | None = None) -> int | None:
        """Return how many visits of the last `COUNTED_DAYS` days are not billed, at most one more than `MOST_COUNTED`.

        None if the actor may not see appointments.
        """
        if not current_actor().has_permission(_SEES_VISITS):
            return None
        since = today(clinic_service.current().zone) - timedelta(days=COUNTED_DAYS)
        conditions = _conditions({"patient_id": patient_id, "since": since})
        wanted = _not_billed(select(Appointment.id).where(Appointment.status == _TOOK_PLACE, *conditions))
        some = wanted.limit(MOST_COUNTED + 1).subquery()
        return db.session.scalar(select(func.count()).select_from(some)) or 0

    def create_for_visits(self, appointment_ids: Sequence[UUID]) -> Invoice:
        """Draft one invoice for visits of one patient, with the items of their services at today's prices.

        :raises InvalidInput: if there is no visit, one of them did not take place, or they are of several patients
        :raises VisitWithoutPrice: if nothing is charged for the service of one of them
        :raises VisitBilled: if one of them is on an invoice or a draft already
        :raises PermissionDenied: if the actor may not see appointments
        """
        _check_permission()
        with unit_of_work():
            visits = _visits(appointment_ids)
            patient_service.lock(visits[0].patient_id)
            if len(_billable(appointment_ids)) < len(visits):
                raise VisitBilled
            items = price_list.of_services(one.service_id for one in visits if one.service_id)
            lines = [line for visit in visits for line in _lines_of(visit, items)]
            return self.create(patient_id=visits[0].patient_id, appointment_id=visits[0].id, lines=lines)


def _check_permission() -> None:
    if not current_actor().has_permission(_SEES_VISITS):
        raise PermissionDenied(_SEES_VISITS)


def _conditions(filters: UnbilledFilters) -> Sequence[ColumnElement[bool]]:
    zone, since, until = clinic_service.current().zone, filters.get("since"), filters.get("until")
    ids = {
        Appointment.patient_id: filters.get("patient_id"),
        Appointment.practitioner_id: filters.get("practitioner_id"),
        Appointment.service_id: filters.get("service_id"),
    }
    found = [column == one for column, one in ids.items() if one is not None]
    found += [Appointment.starts_at >= day_bounds(since, zone)[0]] if since else []
    return found + ([Appointment.starts_at < day_bounds(until, zone)[1]] if until else [])


def _not_billed(wanted: Select[Row]) -> Select[Row]:
    """Return only the appointments of a query that are on no invoice and on no line, unless it is wholly credited."""
    stands = ~WHOLLY_CREDITED
    of_invoice = exists(select(Invoice.id).where(Invoice.appointment_id == Appointment.id, stands))
    lines = select(InvoiceLine.id).join(InvoiceLine.invoice)
    of_line = exists(lines.where(InvoiceLine.appointment_id == Appointment.id, stands))
    return wanted.where(~of_invoice, ~of_line)


def _visits(appointment_ids: Sequence[UUID]) -> Sequence[Appointment]:
    """Return the visits of some ids, the earliest first.

    :raises InvalidInput: if there is none, one did not take place, or they are of several patients
    """
    wanted = select(Appointment).where(Appointment.id.in_(set(appointment_ids)), Appointment.status == _TOOK_PLACE)
    found = db.session.scalars(wanted.order_by(Appointment.starts_at, Appointment.id)).all()
    if not appointment_ids:
        raise InvalidInput(NO_VISIT, field="appointment_ids")
    if len(found) < len(set(appointment_ids)):
        raise InvalidInput(NO_SUCH_VISIT, field="appointment_ids")
    if len({visit.patient_id for visit in found}) > 1:
        raise InvalidInput(SEVERAL_PATIENTS, field="appointment_ids")
    return found


def _billable(appointment_ids: Sequence[UUID]) -> Sequence[UUID]:
    wanted = _not_billed(select(Appointment).where(Appointment.id.in_(set(appointment_ids))))
    return [visit.id for visit in db.session.scalars(wanted)]


def _lines_of(visit: Appointment, items: Mapping[UUID, Sequence[PriceItem]]) -> list[LineFields]:
    found = items.get(visit.service_id, ()) if visit.service_id else ()
    if not found:
        raise VisitWithoutPrice(service_catalogue.get(visit.service_id).name if visit.service_id else None)
    return [{"item_id": item.id, "quantity": Fraction(1), "appointment_id": visit.id} for item in found]


def _with_price(visit: Appointment, items: Mapping[UUID, Sequence[PriceItem]]) -> UnbilledVisit:
    clinic = clinic_service.current()
    found = items.get(visit.service_id, ()) if visit.service_id else ()
    prices = [item.price_on(today(clinic.zone)) for item in found]
    complete = bool(prices) and None not in prices
    total = Money(sum(price.minor for price in prices if price), clinic.currency) if complete else None
    return UnbilledVisit(visit, found, total)
