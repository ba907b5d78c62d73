"""What every module uses: events, units of work, tenancy, clock, money and text."""
