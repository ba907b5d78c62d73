"""Clinics, accounts, memberships, roles, sessions and API keys; no HTTP and no templates."""
