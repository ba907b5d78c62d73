"""When practitioners work and the clinic is open."""
