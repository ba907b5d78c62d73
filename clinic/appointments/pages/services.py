"""Pages of services: list, form, retirement."""

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.appointments.pages.blueprint import blueprint
from clinic.appointments.pages.resources import deactivation_page, list_context
from clinic.appointments.pages.service_form import conflict_page, initial_service_form, new_service_form, service_page
from clinic.appointments.pages.service_texts import bookable_text, buffers_text, lengths_text, names_text
from clinic.appointments.schemas.services import ServiceForm
from clinic.appointments.service import (
    NameTaken,
    Service,
    practitioner_service,
    room_service,
    service_catalogue,
)
from clinic.core.errors import InvalidInput, StaleVersion
from clinic.web.authorization import requires
from clinic.web.forms import Form, load_form, posted_from, refuse, sent_version
from clinic.web.idempotency import idempotent


@blueprint.get("/services")
@requires("schedule:write")
def services() -> ResponseReturnValue:
    """List the services."""
    return render_template(
        "appointments/services.html",
        practitioners={one.id: one.name for one in practitioner_service.all()},
        rooms={one.id: one.name for one in room_service.all()},
        lengths_text=lengths_text,
        buffers_text=buffers_text,
        bookable_text=bookable_text,
        names_text=names_text,
        **list_context(service_catalogue.all()),
    )


@blueprint.get("/services/new")
@requires("schedule:write")
def new_service() -> ResponseReturnValue:
    """Show the form of a new service."""
    return service_page(new_service_form())


@blueprint.post("/services/new")
@requires("schedule:write")
@idempotent
def create_service() -> ResponseReturnValue:
    """Add a service from the form."""
    form = load_form(ServiceForm())
    if form.errors:
        return service_page(form), 422
    try:
        service = service_catalogue.create(**form.data)
    except (InvalidInput, NameTaken) as error:
        return refuse(service_page(form.reject(error, "name")), error)
    flash(f"Added: {service.name}")
    return redirect(url_for(".services"), 303)


@blueprint.get("/services/<uuid:service_id>/edit")
@requires("schedule:write")
def edit_service(service_id: UUID) -> ResponseReturnValue:
    """Show the form of a service, and what a booking of it means."""
    service = service_catalogue.get(service_id)
    return service_page(initial_service_form(service), service)


@blueprint.post("/services/<uuid:service_id>/edit")
@requires("schedule:write")
@idempotent
def update_service(service_id: UUID) -> ResponseReturnValue:
    """Change a service as the form says."""
    service, form = service_catalogue.get(service_id), load_form(ServiceForm())
    if form.errors:
        return service_page(form, service), 422
    try:
        service_catalogue.update(service_id, version=sent_version(), **form.data)
    except (InvalidInput, NameTaken) as error:
        return refuse(service_page(form.reject(error, "name"), service), error)
    except StaleVersion:
        return conflict_page(service_catalogue.get(service_id), form), 409
    flash(f"Saved: {form.data['name']}")
    return redirect(url_for(".edit_service", service_id=service_id), 303)


@blueprint.get("/services/<uuid:service_id>/retirement")
@requires("schedule:write")
def retirement(service_id: UUID) -> ResponseReturnValue:
    """Show what retiring a service means, and what is still booked for it."""
    return _retirement_page(service_catalogue.get(service_id))


@blueprint.post("/services/<uuid:service_id>/retirement")
@requires("schedule:write")
@idempotent
def retire_service(service_id: UUID) -> ResponseReturnValue:
    """Retire a service."""
    try:
        service = service_catalogue.deactivate(service_id, version=sent_version())
    except StaleVersion as error:
        found = service_catalogue.get(service_id)
        return _retirement_page(found, Form(version=found.version).reject(error)), 409
    flash(f"{service.name} is retired")
    return redirect(url_for(".services"), 303)


@blueprint.route("/services/<uuid:service_id>/reactivation", methods=["GET", "POST"])
@requires("schedule:write")
@posted_from(".edit_service", "service_id")
@idempotent
def reactivate_service(service_id: UUID) -> ResponseReturnValue:
    """Make a retired service bookable again."""
    service = service_catalogue.reactivate(service_id)
    flash(f"{service.name} can be booked again")
    return redirect(url_for(".services"), 303)


def _retirement_page(service: Service, form: Form | None = None) -> str:
    return deactivation_page("appointments/retirement.html", service, service_catalogue.upcoming(service.id), form)
