"""Schemas of billing."""
