"""Log lines: what happened, where and how often, without personal data."""
