"""A filter for processes that meet the same error again and again."""

import logging

INTERVAL_SECONDS = 60


class RepeatFilter(logging.Filter):
    """Drops a warning or an error whose text was logged within the last minute."""

    def __init__(self) -> None:
        super().__init__()
        self._logged_at: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is logged."""
        if record.levelno < logging.WARNING:
            return True
        self._logged_at = {line: at for line, at in self._logged_at.items() if record.created - at < INTERVAL_SECONDS}
        line = record.getMessage()
        if line in self._logged_at:
            return False
        self._logged_at[line] = record.created
        return True


def limit_repeats() -> None:
    """Log the same warning or error of this process at most once a minute."""
    for handler in logging.getLogger("clinic").handlers:
        handler.addFilter(RepeatFilter())
