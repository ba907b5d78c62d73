"""Schemas of messages to patients, for JSON, forms and commands."""
