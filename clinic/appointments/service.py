"""AppointmentService: the interface of appointments for other modules, and the only code that writes them."""

from clinic.appointments.availability import AvailabilityService, FoundTimes, availability_service
from clinic.appointments.booking import AppointmentBooking
from clinic.appointments.closures import ClosureNotFound, ClosureService, Holiday, closure_service
from clinic.appointments.conflicts import (
    AppointmentNotCancellable,
    AppointmentNotFound,
    IllegalTransition,
    NotOffered,
    PatientBusy,
    SlotTaken,
    Unavailable,
)
from clinic.appointments.exceptions import HoursExceptionNotFound, HoursExceptionService, hours_exception_service
from clinic.appointments.hours import Hours, HoursService, hours_service
from clinic.appointments.hours_preview import AppointmentsOutside, Outside, Preview
from clinic.appointments.models import (
    Appointment,
    AppointmentHistory,
    Closure,
    HoursException,
    Practitioner,
    Room,
    Service,
)
from clinic.appointments.moves import AppointmentMoves
from clinic.appointments.practitioners import (
    MemberLinked,
    PractitionerNotFound,
    PractitionerService,
    practitioner_service,
)
from clinic.appointments.queries import AppointmentQueries
from clinic.appointments.rescheduling import AppointmentRescheduling
from clinic.appointments.resources import NameTaken
from clinic.appointments.rooms import RoomNotFound, RoomService, room_service
from clinic.appointments.services import ServiceCatalogue, ServiceNotFound, service_catalogue
from clinic.appointments.slot_types import Reason, Refused, Slot
from clinic.appointments.upcoming import Upcoming
from clinic.appointments.working_time import Span, WeeklyRange, working_ranges


class AppointmentService(AppointmentQueries, AppointmentBooking, AppointmentRescheduling, AppointmentMoves):
    """The appointments of the current clinic: reading them, giving them a time, and moving them between their states.

    Each change locks what it concerns, is checked again under the lock, records one row in the history, and is
    published. The rules are in `rules.py`, the reasons why a time is not free come from `slots.py` only.
    """


appointment_service = AppointmentService()

__all__ = [
    "Appointment",
    "AppointmentHistory",
    "AppointmentNotCancellable",
    "AppointmentNotFound",
    "AppointmentService",
    "AppointmentsOutside",
    "AvailabilityService",
    "Closure",
    "ClosureNotFound",
    "ClosureService",
    "FoundTimes",
    "Holiday",
    "Hours",
    "HoursException",
    "HoursExceptionNotFound",
    "HoursExceptionService",
    "HoursService",
    "IllegalTransition",
    "MemberLinked",
    "NameTaken",
    "NotOffered",
    "Outside",
    "PatientBusy",
    "Practitioner",
    "PractitionerNotFound",
    "PractitionerService",
    "Preview",
    "Reason",
    "Refused",
    "Room",
    "RoomNotFound",
    "RoomService",
    "Service",
    "ServiceCatalogue",
    "ServiceNotFound",
    "Slot",
    "SlotTaken",
    "Span",
    "Unavailable",
    "Upcoming",
    "WeeklyRange",
    "appointment_service",
    "availability_service",
    "closure_service",
    "hours_exception_service",
    "hours_service",
    "practitioner_service",
    "room_service",
    "service_catalogue",
    "working_ranges",
]
