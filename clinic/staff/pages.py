"""What every page knows of the clinic it belongs to."""

from typing import Any

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from clinic.core.tenancy import clinic_id_or_none
from clinic.staff.service import clinic_service

blueprint = Blueprint("staff", __name__)


@blueprint.app_context_processor
def name_the_clinic() -> dict[str, Any]:
    """Give every page the clinic in force."""
    if clinic_id_or_none() is None:
        return {"clinic": None, "clinic_name": "clinic"}
    clinic = clinic_service.current()
    return {"clinic": clinic, "clinic_name": clinic.name}


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Lead to the patients."""
    return redirect(url_for("patients.index"))
