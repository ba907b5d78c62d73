"""Schemas of the schedule, for JSON, forms and commands."""
