"""A day as its page shows it."""
