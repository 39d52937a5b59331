"""Fee control: laws, guard rails, and how far a loop is from swinging. Integers, no simulator."""
