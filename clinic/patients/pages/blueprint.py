"""The blueprint of the patients' pages."""

from flask import Blueprint

from clinic.patients.rules import language_label

blueprint = Blueprint("patients", __name__, url_prefix="/patients", template_folder="../templates")
blueprint.add_app_template_filter(language_label)
