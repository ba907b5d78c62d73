"""Logging without personal data: formatters, error summaries, redaction."""
