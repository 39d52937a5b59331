"""Integration management: external systems, the oracle network and exchanges."""
