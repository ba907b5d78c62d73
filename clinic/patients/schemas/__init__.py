"""Schemas of patients and of consent, for JSON, forms and commands."""
