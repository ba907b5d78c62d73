"""Planning of the payment reminders of an invoice: some days after it was due, until nothing is left to pay."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, bindparam, or_, select

from clinic.billing.service import Invoice, billing_service
from clinic.core.clock import today
from clinic.core.db.transaction import get_for_update
from clinic.core.mail.queue import QUEUED
from clinic.core.unit_of_work import unit_of_work
from clinic.notifications.checks import IMPORTED
from clinic.notifications.invoice_checks import NOTHING_DUE
from clinic.notifications.models import Notification
from clinic.notifications.planned_rows import SETTINGS, PlannedRows, PlanQuery, first_of, was_dropped
from clinic.notifications.planning_rules import Planned
from clinic.notifications.settings import MessageSettings, settings_service
from clinic.notifications.settings_rules import DAY

KIND = "payment-reminder"
MORNING = time(9)


def plan_payment_reminders(invoice_id: UUID, *, since: datetime) -> None:
    """Bring the reminders of an invoice in line with its present state, whatever happened to it, in any order.

    `since` is when it was issued, or opened again: a reminder that was due before is not planned any more. What was
    sent is never sent again. Of an opening balance, whose number nobody knows, nobody is reminded.
    """
    with unit_of_work():
        invoice = get_for_update(Invoice, invoice_id)
        if invoice is None or invoice.due_on is None or invoice.is_opening:
            return
        settings = settings_service.get()
        about_at = datetime.combine(invoice.due_on, time(), tzinfo=UTC)
        rows = PlannedRows(KIND, invoice.patient_id, invoice.id, version=invoice.version, about_at=about_at)
        is_open = invoice.status == "issued"
        plan = _plan(invoice.due_on, settings) if is_open else {}
        rows.keep(plan, settings.version, otherwise=SETTINGS if is_open else NOTHING_DUE)
        ahead = {offset: planned for offset, planned in plan.items() if planned.due_at > since}
        if ahead:
            rows.add(ahead, settings.version, suppressed=IMPORTED if billing_service.was_imported(invoice) else None)


def invoices_to_plan(settings: MessageSettings) -> Iterator[PlanQuery]:
    """Yield the queries of invoices whose reminders are planned for another state or other settings, or not at all."""
    yield _PLANNED_OTHERWISE, {"version": settings.version}
    for days in settings.payment_reminder_days:
        yield _UNPLANNED, {"offset": days * DAY, "after": today(settings.zone) - timedelta(days=days)}


def _planned_otherwise() -> Select[UUID]:
    of_invoice = and_(Notification.kind == KIND, Notification.state == QUEUED, Notification.about_id == Invoice.id)
    differs = or_(Invoice.status != "issued", Notification.settings_version != bindparam("version"))
    return first_of(select(Invoice.id).join(Notification, of_invoice).where(differs).order_by(Notification.due_at))


def _unplanned() -> Select[UUID]:
    """Select the open invoices whose reminder, some days after they are due, is still to come and not planned."""
    planned = select(Notification.id).where(
        Notification.kind == KIND,
        Notification.about_id == Invoice.id,
        Notification.offset_minutes == bindparam("offset"),
        ~was_dropped(Notification),
    )
    is_open = (Invoice.status == "issued", Invoice.kind == "invoice", Invoice.due_on > bindparam("after"))
    return first_of(select(Invoice.id).where(*is_open, ~planned.exists()).order_by(Invoice.due_on))


_PLANNED_OTHERWISE = _planned_otherwise()
_UNPLANNED = _unplanned()


def _plan(due_on: date, settings: MessageSettings) -> Mapping[int, Planned]:
    """Return the reminders of an invoice by their offset in minutes: in the morning, after the quiet hours."""
    quiet, planned = settings.quiet_hours, {}
    for days in settings.payment_reminder_days:
        due_at = _morning(due_on + timedelta(days=days), settings.zone)
        planned[days * DAY] = Planned(quiet.end_after(due_at) if quiet.holds(due_at) else due_at)
    return planned


def _morning(day: date, zone: str) -> datetime:
    local: datetime = datetime.combine(day, MORNING, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return local
