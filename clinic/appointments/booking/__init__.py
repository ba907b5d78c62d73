"""How appointments get, change and lose their time, and move between their states."""
