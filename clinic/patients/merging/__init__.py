"""Merging of two records of one patient, its preview, and undoing it."""
