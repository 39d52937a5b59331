"""The report for people: one self-contained HTML file made from a run folder after the run."""

from __future__ import annotations

from twin.report.build import render, write

__all__ = ["render", "write"]
