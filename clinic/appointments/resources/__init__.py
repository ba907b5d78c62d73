"""What appointments are booked with: practitioners, rooms, services."""
