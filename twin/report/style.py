"""How the figures look, and how a matplotlib figure becomes SVG inside the page.

Colours in the SVG are the page's CSS variables, so that one drawing serves the light page, the
dark one and print. Series colours are those of Okabe and Ito (2008), which stay apart for
colour-blind readers; a line style or marker tells series apart as well.
"""

from __future__ import annotations

import io
import re
import warnings
from contextlib import AbstractContextManager
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

__all__ = ["COLOURS", "GRID", "INK", "RC", "SEVERITY", "TRUTH", "to_svg"]

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
INK = "#1b1f24"
GRID = "#d8dee4"
TRUTH = "#6f42c1"
BAND = "#8c959f"
SEVERITY = {"P1": "#d55e00", "P2": "#e69f00", "P3": "#0072b2", "P4": "#56b4e9", "P5": "#8c959f"}

VARIABLES = {
    INK: "--ink", GRID: "--grid", TRUTH: "--truth", BAND: "--band",
    **{colour: f"--c{index}" for index, colour in enumerate(COLOURS)},
}  # fmt: skip
"""Which CSS variable of the page stands for which colour of a drawing."""

RC: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": GRID,
    "axes.formatter.useoffset": False,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 8.5,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8.5,
    "grid.color": GRID,
    "grid.linewidth": 0.5,
    "hatch.linewidth": 0.6,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.4,
    "path.simplify": True,
    "path.simplify_threshold": 0.3,
    "svg.fonttype": "none",
    "svg.hashsalt": "fictra",
    "text.color": INK,
    "text.parse_math": False,
    "timezone": "UTC",
    "xtick.color": INK,
    "xtick.labelsize": 8.5,
    "ytick.color": INK,
    "ytick.labelsize": 8.5,
}

_HEAD = re.compile(r"\A.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_PATH = re.compile(r' (?:d|points|x|y|transform)="[^"]*"')
_ID = re.compile(r' id="([^"]*)"')
_USED = re.compile(r'(?:url\(#|href="#)([^)"]*)')
_FONT = re.compile(r"font: ((?:[a-z]+ )*)([0-9.]+)px [^;\"]*")
_SIZE = re.compile(r' (?:width|height)="[0-9.]+pt"')
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def _rounded(found: re.Match[str]) -> str:
    return _NUMBER.sub(lambda part: f"{float(part.group()):.1f}", found.group())


def to_svg(figure: Figure, *, prefix: str, label: str) -> str:
    """Return *figure* as an SVG element whose ids begin with *prefix*, described by *label*.

    Coordinates keep a tenth of a point, a third of what a screen shows. Nothing in it is dated
    or random, so that the same run gives the same bytes.
    """
    sink = io.StringIO()
    with warnings.catch_warnings():
        # A name in a script that the measuring font lacks is still drawn by the browser's own.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(sink, format="svg", metadata={"Date": None, "Creator": None})
    text = _HEAD.sub("", sink.getvalue(), count=1)
    text = _COMMENT.sub("", _METADATA.sub("", text))
    text = text.replace("xlink:href", "href").replace(
        ' xmlns:xlink="http://www.w3.org/1999/xlink"', ""
    )
    text = text.replace(' xmlns="http://www.w3.org/2000/svg"', "")
    text = _PATH.sub(_rounded, text)
    text = _FONT.sub(r"font: \1\2px var(--sans)", text)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    text = _ids(text, prefix)
    head, rest = text.split(">", 1)
    # The page gives the size; the viewBox alone then gives the shape.
    head = _SIZE.sub("", head).replace("<svg", f'<svg role="img" aria-label="{escape(label)}"')
    return f"{head}>{rest}"


def _ids(text: str, prefix: str) -> str:
    """Drop ids that nothing uses, and put *prefix* before the rest and before their uses."""
    used = set(_USED.findall(text))

    def keep(found: re.Match[str]) -> str:
        return f' id="{prefix}-{found.group(1)}"' if found.group(1) in used else ""

    text = _ID.sub(keep, text)
    return _USED.sub(lambda found: found.group().replace("#", f"#{prefix}-", 1), text)


def context() -> AbstractContextManager[None]:
    """Return the context manager under which figures are made and saved."""
    return mpl.rc_context(RC)
