"""Studies: many runs of one scenario, and what they have in common and where they differ."""
