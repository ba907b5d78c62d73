"""The blueprint of the pages of billing."""

from flask import Blueprint

blueprint = Blueprint("billing", __name__, url_prefix="/invoices", template_folder="../templates")
