"""Incident management: detection, response and what follows."""
