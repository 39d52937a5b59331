"""Documentation and reporting: what is written down, and whether it is so (DO, DC, DS)."""
