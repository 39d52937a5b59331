"""Studies: many runs, paired by their seeds."""
