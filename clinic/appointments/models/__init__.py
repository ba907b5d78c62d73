"""Who and what can be booked, when, and what is booked."""

from clinic.appointments.models.appointments import Appointment, AppointmentHistory
from clinic.appointments.models.hours import Closure, HoursException, WeeklyHours
from clinic.appointments.models.resources import Practitioner, Room, Service, ServicePractitioner, ServiceRoom
from clinic.appointments.models.schedule_views import ScheduleView

__all__ = [
    "Appointment",
    "AppointmentHistory",
    "Closure",
    "HoursException",
    "Practitioner",
    "Room",
    "ScheduleView",
    "Service",
    "ServicePractitioner",
    "ServiceRoom",
    "WeeklyHours",
]
