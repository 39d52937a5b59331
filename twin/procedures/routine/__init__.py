"""Routine operations: what is done every day, week and month (R)."""
