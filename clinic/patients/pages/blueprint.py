"""The blueprint of the patients' pages."""

from flask import Blueprint

from clinic.patients.contact_rules import use_label
from clinic.patients.guardians import guardian_obstacle
from clinic.patients.identifier_rules import identifier_label
from clinic.patients.pages.consent_rows import columns_of, registration_rows
from clinic.patients.pages.record_texts import period_text
from clinic.patients.rules import language_label
from clinic.patients.service import counts_as_minor

blueprint = Blueprint("patients", __name__, url_prefix="/patients", template_folder="../templates")
blueprint.add_app_template_filter(language_label)
blueprint.add_app_template_filter(use_label)
blueprint.add_app_template_filter(period_text)
blueprint.add_app_template_filter(identifier_label)
blueprint.add_app_template_global(registration_rows, "consent_questions")
blueprint.add_app_template_global(columns_of, "consent_columns")
blueprint.add_app_template_filter(counts_as_minor, "is_minor")
blueprint.add_app_template_filter(guardian_obstacle)
