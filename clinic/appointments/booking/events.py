"""What the schedule publishes."""

from clinic.appointments.models import Appointment
from clinic.core.events import event_bus
from clinic.core.events.types import EventType, declare_event
from clinic.core.unit_of_work import set_event_subject

APPOINTMENT_SCHEDULED = declare_event(
    "appointment.scheduled",
    "appointment_id",
    "patient_id",
    published_by="AppointmentService.create",
    when="an appointment was booked",
)
APPOINTMENT_RESCHEDULED = declare_event(
    "appointment.rescheduled",
    "appointment_id",
    "patient_id",
    published_by="AppointmentService.reschedule",
    when="an appointment was moved, or its move undone",
)
APPOINTMENT_CANCELLED = declare_event(
    "appointment.cancelled",
    "appointment_id",
    published_by="AppointmentService.cancel",
    when="an appointment was cancelled, or its booking undone",
)
APPOINTMENT_RESTORED = declare_event(
    "appointment.restored",
    "appointment_id",
    published_by="AppointmentService.undo",
    when="the cancellation of an appointment was undone",
)
APPOINTMENT_ARRIVED = declare_event(
    "appointment.arrived",
    "appointment_id",
    published_by="AppointmentService.arrive",
    when="the patient has arrived",
)
APPOINTMENT_FULFILLED = declare_event(
    "appointment.fulfilled",
    "appointment_id",
    published_by="AppointmentService.fulfil",
    when="the visit has taken place",
)
APPOINTMENT_MISSED = declare_event(
    "appointment.missed",
    "appointment_id",
    published_by="AppointmentService.mark_no_show",
    when="the patient did not come",
)
APPOINTMENT_CONFIRMED = declare_event(
    "appointment.confirmed",
    "appointment_id",
    "patient_id",
    published_by="AppointmentService.confirm",
    when="the patient said that they come",
)
EVENTS = (
    APPOINTMENT_SCHEDULED,
    APPOINTMENT_RESCHEDULED,
    APPOINTMENT_CANCELLED,
    APPOINTMENT_RESTORED,
    APPOINTMENT_ARRIVED,
    APPOINTMENT_FULFILLED,
    APPOINTMENT_MISSED,
    APPOINTMENT_CONFIRMED,
)


def publish(event: EventType, appointment: Appointment) -> None:
    """Publish an event about an appointment, with the keys that it is declared with."""
    ids = {"appointment_id": str(appointment.id), "patient_id": str(appointment.patient_id)}
    set_event_subject(appointment.patient_id, appointment.version)
    event_bus.publish(event.name, {key: ids[key] for key in event.keys})
