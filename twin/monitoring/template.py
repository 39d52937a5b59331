"""Templates of labels and annotations: the part of Prometheus' templating that alerts use.

`{{ $labels.x }}`, `{{ $value }}`, `{{ $value | humanize }}` (also humanizePercentage and
humanizeDuration) and `{{ printf "%.2f" $value }}`. A template is compiled when its rule file is
loaded; what is outside this subset is refused there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from twin.errors import UsageError

__all__ = ["Template"]

_ACTION = re.compile(r"(?:\s*\{\{-\s|\{\{)(.*?)(?:\s-\}\}\s*|\}\})", re.DOTALL)
_LABEL = re.compile(r"\$labels\.([A-Za-z_]\w*)")
_VALUE = re.compile(r"\$value(?:\s*\|\s*(\w+))?")
_PRINTF = re.compile(r'printf\s+"([^"%]*)%(?:\.(\d+))?([fgev])((?:[^"%]|%%)*)"\s+\$value')
_SUPPORTED = '$labels.NAME, $value, $value | humanize, printf "%.2f" $value'

Part = Callable[[Mapping[str, str], float], str]


class Template:
    """One compiled text; *uses_value* says whether it changes with the alert's value."""

    __slots__ = ("_parts", "text", "uses_value")

    def __init__(self, text: str) -> None:
        """Compile *text*; raises UsageError for an action outside the subset."""
        self.text = text
        self._parts: list[str | Part] = []
        self.uses_value = False
        at = 0
        for action in _ACTION.finditer(text):
            self._parts += [text[at : action.start()], self._action(action[1].strip())]
            at = action.end()
        rest = text[at:]
        if "{{" in rest or "}}" in rest:
            raise UsageError(f"template {text!r}: braces that do not pair")
        self._parts.append(rest)

    def expand(self, labels: Mapping[str, str], value: float) -> str:
        """Return the text for an alert of *labels* and *value*."""
        return "".join(
            part if isinstance(part, str) else part(labels, value) for part in self._parts
        )

    def _action(self, action: str) -> Part:
        if found := _LABEL.fullmatch(action):
            name = found[1]
            return lambda labels, _value: labels.get(name, "")
        self.uses_value = True
        if (found := _VALUE.fullmatch(action)) and (found[1] or "") in _FORMATS:
            show = _FORMATS[found[1] or ""]
            return lambda _labels, value: show(value)
        if found := _PRINTF.fullmatch(action):
            before, digits, verb, after = found.groups()
            wrap = before, after.replace("%%", "%")
            return lambda _labels, value: wrap[0] + _verb(verb, digits, value) + wrap[1]
        raise UsageError(f"template action {{{{ {action} }}}}: supported are {_SUPPORTED}")


def _plain(value: float) -> str:
    """Go's %v of a float64: the shortest text, with an exponent below 1e-4 and from 1e6."""
    if not math.isfinite(value):
        return _odd(value)
    mantissa, _, exponent = f"{value!r}".partition("e")
    if not exponent and abs(value) < 1e6:
        return mantissa.removesuffix(".0")
    digits = max(1, len(mantissa.replace("-", "").replace(".", "").strip("0")))
    return f"{value:.{digits - 1}e}"


def _odd(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "+Inf" if value > 0 else "-Inf"


def _verb(verb: str, digits: str | None, value: float) -> str:
    """Go's %f, %g, %e and %v with optional precision."""
    if not math.isfinite(value):
        return _odd(value)
    if verb == "v" or (verb == "g" and digits is None):
        return _plain(value)
    return f"{value:.{digits or 6}{verb}}"


def _four(value: float) -> str:
    """Go's %.4g."""
    return _odd(value) if not math.isfinite(value) else f"{value:.4g}"


def _humanize(value: float) -> str:
    """With a metric prefix and four significant digits."""
    if value == 0 or not math.isfinite(value):
        return _four(value)
    prefix = ""
    if abs(value) >= 1:
        for prefix_up in "kMGTPEZY":
            if abs(value) < 1000:
                break
            prefix, value = prefix_up, value / 1000
    else:
        for prefix_down in "munpfazy":
            if abs(value) >= 1:
                break
            prefix, value = prefix_down, value * 1000
    return _four(value) + prefix


def _percentage(value: float) -> str:
    return _four(value * 100) + "%"


def _duration(value: float) -> str:
    """Days, hours, minutes and seconds; below a second with a prefix."""
    if not math.isfinite(value):
        return _four(value)
    if abs(value) < 1:
        return _humanize(value) + "s"
    sign = "-" if value < 0 else ""
    value = abs(value)
    seconds = int(value)
    days, hours = seconds // 86400, seconds // 3600 % 24
    minutes, rest = seconds // 60 % 60, seconds % 60
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {rest}s"
    if hours:
        return f"{sign}{hours}h {minutes}m {rest}s"
    if minutes:
        return f"{sign}{minutes}m {rest}s"
    return f"{sign}{_four(value)}s"


_FORMATS: Mapping[str, Callable[[float], str]] = {
    "": _plain,
    "humanize": _humanize,
    "humanizeDuration": _duration,
    "humanizePercentage": _percentage,
}
