"""What goes out next: the rest of today, how many messages on each day, and who is not reminded and why."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import case, false, func, or_, select

from clinic.appointments.service import Appointment
from clinic.core.clock import day_bounds, now, today, wall_day
from clinic.core.db import db
from clinic.core.mail.queue import FAILED, QUEUED
from clinic.notifications.checks import AHEAD_STATES
from clinic.notifications.kinds import KINDS
from clinic.notifications.models import SUPPRESSED, Notification
from clinic.notifications.planned_rows import was_dropped
from clinic.notifications.relevance import Explanation, explain_all
from clinic.notifications.settings import MessageSettings, settings_service
from clinic.notifications.settings_rules import DAY
from clinic.notifications.subjects import MessageSubject, imported_among, reminders_about
from clinic.notifications.writing.template_service import template_service
from clinic.patients.service import Patient, consent_service, recipients_of

DAYS = 7
INSTANT = timedelta(microseconds=1)
MOST_SHOWN = 50
"""The most messages of today that are returned one by one."""

MOST_VISITS = 500
"""The most visits of which it is found out who is not reminded."""


@dataclass(frozen=True)
class WaitingMessage:
    """A message that waits for its time, with the patient to whom it is."""

    message: Notification
    patient: Patient


@dataclass(frozen=True)
class DayCount:
    """How many messages go out on a day of the clinic's calendar, by channel; the first day is today."""

    day: date
    channels: Mapping[str, int]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.channels.values())


@dataclass(frozen=True)
class NotReminded:
    """A visit of which nobody is reminded, and the first check that stops it."""

    appointment: Appointment
    patient: Patient
    reason: str
    explanation: Explanation


@dataclass(frozen=True)
class VisitDay:
    """The visits of a day: how many, of how many the patient is or was reminded by a channel, and of which not."""

    day: date
    visits: int
    reminded: Mapping[str, int]
    not_reminded: Sequence[NotReminded]

    @property
    def reasons(self) -> Mapping[str, int]:
        """How many visits are not reminded of, for each reason, the most frequent first."""
        return dict(Counter(one.reason for one in self.not_reminded).most_common())


@dataclass(frozen=True)
class Upcoming:
    """What goes out next.

    `today` are the next messages of the rest of today, at most 50; `days` counts today and the six days after. `day` is
    the day that was asked for, tomorrow by default, `reminders` how many reminders go out on it, and `visit_days` the
    days of the visits that they are about.
    """

    today: Sequence[WaitingMessage]
    days: Sequence[DayCount]
    day: date
    reminders: int
    visit_days: Sequence[VisitDay]
    settings: MessageSettings


def upcoming(day: date | None = None) -> Upcoming:
    """Return what goes out next in the current clinic, and who is not reminded on a day, tomorrow by default.

    It takes at most eleven queries, however many visits there are.
    """
    settings = settings_service.get()
    first = today(settings.zone)
    chosen = day or first + timedelta(days=1)
    reminders, visited = _reminders_of(chosen, settings.zone)
    return Upcoming(
        today=_rest_of(first, settings.zone),
        days=_count_days(first, settings.zone),
        day=chosen,
        reminders=reminders,
        visit_days=_visit_days(_days_of_visits(chosen, visited, settings), settings),
        settings=settings,
    )


def _rest_of(day: date, zone: str) -> Sequence[WaitingMessage]:
    """Return the next messages that wait for a time until the end of a day; those that are late too."""
    waiting = (Notification.state == QUEUED, Notification.due_at < day_bounds(day, zone)[1])
    wanted = select(Notification, Patient).join(Patient, Patient.id == Notification.patient_id).where(*waiting)
    found = db.session.execute(wanted.order_by(Notification.due_at, Notification.id).limit(MOST_SHOWN))
    return [WaitingMessage(message, patient) for message, patient in found]


def _count_days(first: date, zone: str) -> Sequence[DayCount]:
    days = [first + timedelta(days=number) for number in range(DAYS)]
    ends = [day_bounds(day, zone)[1] for day in days]
    number = case(*((Notification.due_at < end, index) for index, end in enumerate(ends)), else_=DAYS)
    waiting = (Notification.state == QUEUED, Notification.due_at < ends[-1])
    counted = select(number, Notification.channel, func.count()).where(*waiting).group_by(number, Notification.channel)
    found: list[dict[str, int]] = [{} for _ in days]
    for index, channel, count in db.session.execute(counted):
        found[index][channel] = count
    return [DayCount(day, channels) for day, channels in zip(days, found, strict=True)]


def _reminders_of(day: date, zone: str) -> tuple[int, set[date]]:
    """Return how many reminders go out on a day, and the days of their visits."""
    first, last = day_bounds(day, zone)
    due = (Notification.kind == "reminder", Notification.due_at >= first, Notification.due_at < last)
    wanted = select(Notification.about_at, func.count()).where(*due, Notification.state == QUEUED)
    found = db.session.execute(wanted.group_by(Notification.about_at)).all()
    return sum(count for _, count in found), {wall_day(at, zone) for at, _ in found if at}


def _days_of_visits(day: date, visited: Iterable[date], settings: MessageSettings) -> Sequence[date]:
    """Return the days of the visits of which one is reminded on a day, by its reminders and by the settings."""
    offsets = {*settings.reminder_offsets, *(one for own in settings.service_reminders.values() for one in own)}
    by_rule = {day + timedelta(minutes=offset) for offset in offsets if offset % DAY == 0}
    return sorted({*visited, *by_rule})


def _visit_days(days: Sequence[date], settings: MessageSettings) -> Sequence[VisitDay]:
    """Return the visits of some days, and why nobody is reminded of some of them."""
    found: dict[date, list[MessageSubject]] = {day: [] for day in days}
    for subject in _subjects(_visits(days, settings.zone), settings):
        found[wall_day(subject.appointment.starts_at, settings.zone)].append(subject)
    return [_visit_day(day, subjects) for day, subjects in found.items()]


def _visit_day(day: date, subjects: Sequence[MessageSubject]) -> VisitDay:
    stopped = [one for subject in subjects if (one := _not_reminded(subject))]
    reasons = {one.appointment.id for one in stopped}
    channels = Counter(subject.channel for subject in subjects if subject.about_id not in reasons)
    return VisitDay(day, len(subjects), channels, stopped)


def _not_reminded(subject: MessageSubject) -> NotReminded | None:
    """Return why nobody is reminded of a visit, None if somebody is or was."""
    rows = [row for row in subject.reminders if row.about_at == subject.appointment.starts_at]
    if any(row.state not in {QUEUED, SUPPRESSED, FAILED} for row in rows):
        return None
    subject.row = next((row for row in rows if row.state == QUEUED), None)
    explanation = explain_all([subject])[0]
    stopped = explanation.stopped
    if stopped is not None and stopped.outcome == "stopped":
        return NotReminded(subject.appointment, subject.patient, stopped.reason or "", explanation)
    given_up = next((row.reason or row.state for row in rows if row.state != QUEUED and not was_dropped(row)), None)
    if subject.row is None and given_up:
        return NotReminded(subject.appointment, subject.patient, given_up, explanation)
    return None


def _visits(days: Sequence[date], zone: str) -> Sequence[tuple[Appointment, Patient]]:
    """Return the visits of some days that are still to come, with their patients."""
    bounds = (day_bounds(day, zone) for day in days)
    on_days = or_(false(), *(Appointment.starts_at.between(first, last - INSTANT) for first, last in bounds))
    ahead = (Appointment.status.in_(AHEAD_STATES), Appointment.starts_at > now(), on_days)
    wanted = select(Appointment, Patient).join(Patient, Patient.id == Appointment.patient_id).where(*ahead)
    found = db.session.execute(wanted.order_by(Appointment.starts_at, Appointment.id).limit(MOST_VISITS))
    return [(appointment, patient) for appointment, patient in found]


def _subjects(visits: Sequence[tuple[Appointment, Patient]], settings: MessageSettings) -> Sequence[MessageSubject]:
    """Return the reminders of visits with all that their checks ask for, loaded in four queries."""
    ids, patients = [appointment.id for appointment, _ in visits], {patient.id: patient for _, patient in visits}
    reminders = reminders_about(ids)
    imported = imported_among([id_ for id_ in ids if id_ not in reminders])
    consents = consent_service.states(list(patients.values()), KINDS["reminder"].purpose, "email")
    recipients = recipients_of(list(patients.values()))
    found, is_off = [], template_service.is_switched_off("reminder")
    for appointment, patient in visits:
        subject = MessageSubject("reminder", appointment.id)
        subject.appointment, subject.patient, subject.patient_id = appointment, patient, patient.id
        subject.settings, subject.is_imported = settings, appointment.id in imported
        subject.is_switched_off = is_off
        subject.reminders = reminders.get(appointment.id, ())
        subject.consent, subject.recipient = consents[patient.id], recipients[patient.id]
        found.append(subject)
    return found


__all__ = ["DayCount", "NotReminded", "Upcoming", "VisitDay", "WaitingMessage", "upcoming"]
