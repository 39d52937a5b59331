"""Change management (CR, CI, CV)."""
