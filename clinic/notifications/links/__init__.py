"""Links in messages to patients: their tokens, and what may be done with them."""
