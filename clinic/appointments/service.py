"""AppointmentService: the interface of appointments for other modules, and the only code that writes them."""

from clinic.appointments.booking.confirming import AppointmentConfirmation
from clinic.appointments.booking.conflicts import (
    AppointmentNotCancellable,
    AppointmentNotFound,
    IllegalTransition,
    NotOffered,
    PatientBusy,
    SlotTaken,
    Unavailable,
    ZoneChanged,
)
from clinic.appointments.booking.creation import AppointmentBooking
from clinic.appointments.booking.locks import lock_upcoming
from clinic.appointments.booking.moves import AppointmentMoves
from clinic.appointments.booking.queries import AppointmentQueries
from clinic.appointments.booking.rescheduling import AppointmentRescheduling
from clinic.appointments.booking.visits import NamedAppointment, PatientVisits
from clinic.appointments.booking.zone_change import UpcomingPreview, follow_zone, preview_zone
from clinic.appointments.free_times.availability import AvailabilityService, FoundTimes, availability_service
from clinic.appointments.free_times.slot_types import Reason, Refused, Slot
from clinic.appointments.free_times.working_time import Span, WeeklyRange, working_ranges
from clinic.appointments.hours.choices import CANCEL, KEEP, Choice, ChoiceImpossible, Choices, outcome_text
from clinic.appointments.hours.closures import ClosureNotFound, ClosureService, Holiday, closure_service
from clinic.appointments.hours.exceptions import HoursExceptionNotFound, HoursExceptionService, hours_exception_service
from clinic.appointments.hours.preview import AppointmentsOutside, Outside, Preview
from clinic.appointments.hours.proposals import propose_times
from clinic.appointments.hours.weekly import Hours, HoursService, hours_service
from clinic.appointments.models import (
    Appointment,
    AppointmentHistory,
    Closure,
    HoursException,
    Practitioner,
    Room,
    Service,
)
from clinic.appointments.resources.base import NameTaken
from clinic.appointments.resources.practitioners import (
    MemberLinked,
    PractitionerNotFound,
    PractitionerService,
    practitioner_service,
)
from clinic.appointments.resources.rooms import RoomNotFound, RoomService, room_service
from clinic.appointments.resources.services import ServiceCatalogue, ServiceNotFound, service_catalogue
from clinic.appointments.resources.upcoming import Upcoming
from clinic.appointments.rules import UNDO_GRACE


class AppointmentService(
    AppointmentQueries, AppointmentBooking, AppointmentRescheduling, AppointmentMoves, AppointmentConfirmation
):
    """The appointments of the current clinic: reading them, giving them a time, and moving them between their states.

    Each change locks what it concerns, is checked again under the lock, records one row in the history, and is
    published. The rules are in `rules.py`, the reasons why a time is not free come from `free_times/slots.py` only.
    """


appointment_service = AppointmentService()

__all__ = [
    "CANCEL",
    "KEEP",
    "UNDO_GRACE",
    "Appointment",
    "AppointmentHistory",
    "AppointmentNotCancellable",
    "AppointmentNotFound",
    "AppointmentService",
    "AppointmentsOutside",
    "AvailabilityService",
    "Choice",
    "ChoiceImpossible",
    "Choices",
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
    "NamedAppointment",
    "NotOffered",
    "Outside",
    "PatientBusy",
    "PatientVisits",
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
    "UpcomingPreview",
    "WeeklyRange",
    "ZoneChanged",
    "appointment_service",
    "availability_service",
    "closure_service",
    "follow_zone",
    "hours_exception_service",
    "hours_service",
    "lock_upcoming",
    "outcome_text",
    "practitioner_service",
    "preview_zone",
    "propose_times",
    "room_service",
    "service_catalogue",
    "working_ranges",
]
