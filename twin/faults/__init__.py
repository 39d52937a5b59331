"""Faults: what goes wrong, one family a file. Their truth is sealed: injector and scorer only."""
