"""The blueprint of the schedule's pages."""

from flask import Blueprint

blueprint = Blueprint("appointments", __name__, url_prefix="/appointments", template_folder="../templates")
