"""What every module stands on: events, units of work, tenancy, clock, money and text."""
