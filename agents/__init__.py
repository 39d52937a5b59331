"""Agents of the FICTRA network, one family a file; the twin finds this folder by path."""
