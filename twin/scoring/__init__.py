"""Scoring: what a run was worth, from its log and the sealed truth, after the run."""
