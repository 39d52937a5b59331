"""How a fee answers an error: the exponential update, and proportional-integral with a leak.

A law is handed the relative errors of the past periods, oldest first, and says which fee it wants;
what the guard rails leave of that is decided in `rails`. It keeps no state: the leaky integral is
made anew from the errors, so that whoever reads the same series comes to the same fee. Errors,
gains and leaks are integers in parts per million; fees are in any unit that is fine enough (pips
on chain).

The exponential update averages exactly the target under bang-bang demand, where the linear step of
EIP-1559 averages 6 % above it (Leonardos et al. 2021). The exponential is that of EIP-4844 in
integers, so that the same figures give the same fee on every machine. The leaky integral is that
of RAI and HAI, whose leak is a factor a second in units of 1e-27.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from twin.errors import UsageError

__all__ = [
    "PPM",
    "Exponential",
    "Law",
    "ProportionalIntegral",
    "fake_exponential",
    "grown",
    "half_life",
    "leaky_sum",
    "relative_error",
    "retained_ppm",
]

PPM = 1_000_000
RAY = 10**27
"""One, in the unit of MakerDAO's, RAI's and HAI's rates a second."""

FINE = 10**18
"""The scale at which a falling exponential is inverted; a fee never has that many digits."""


def fake_exponential(factor: int, numerator: int, denominator: int) -> int:
    """Return *factor* x exp(*numerator* / *denominator*) in integers, as EIP-4844 defines it.

    The numerator is 0 or more; the Taylor terms are summed until one is below 1.
    """
    if numerator < 0 or denominator < 1:
        raise UsageError(
            f"exp({numerator} / {denominator}): EIP-4844 takes a numerator of 0 or more over a "
            "denominator of 1 or more"
        )
    total, term, index = 0, factor * denominator, 1
    while term > 0:
        total += term
        term = term * numerator // (denominator * index)
        index += 1
    return total // denominator


def grown(fee: int, exponent_ppm: int) -> int:
    """Return *fee* x exp(*exponent_ppm* / 1e6), rounded down; the exponent may be negative."""
    if exponent_ppm >= 0:
        return fake_exponential(fee, exponent_ppm, PPM)
    return fee * FINE // fake_exponential(FINE, -exponent_ppm, PPM)


def relative_error(value: int, target: int, *, clip_ppm: int = PPM) -> int:
    """Return (*value* - *target*) / *target* in ppm, cut at *clip_ppm* in either direction."""
    if target < 1:
        raise UsageError(f"a target of {target}: a controller steers to 1 or more")
    return max(-clip_ppm, min(clip_ppm, (value - target) * PPM // target))


def leaky_sum(errors_ppm: Sequence[int], leak_ppm: int = PPM) -> int:
    """Return the sum of *errors_ppm*, oldest first, of which *leak_ppm* stays from each to the next.

    A leak of 1,000,000 keeps everything: an ordinary integral.
    """
    total = 0
    for error in errors_ppm:
        total = total * leak_ppm // PPM + error
    return total


def half_life(leak_ray: int) -> float:
    """Return the seconds after which half is left, at *leak_ray* (units of 1e-27) a second."""
    if not 0 < leak_ray < RAY:
        raise UsageError(f"a leak of {leak_ray} a second: it lies between 0 and {RAY}, exclusive")
    return math.log(2) / -math.log1p((leak_ray - RAY) / RAY)


def retained_ppm(half_life_seconds: int, period: int) -> int:
    """Return what stays after *period* seconds, in ppm, where half stays after *half_life_seconds*.

    A half-life of 0 stands for no leak.
    """
    if half_life_seconds < 0 or period < 1:
        raise UsageError(
            f"a half-life of {half_life_seconds} s over periods of {period} s: write 0 (no leak) "
            "or more, and a period of 1 or more"
        )
    return PPM if not half_life_seconds else round(PPM * 0.5 ** (period / half_life_seconds))


class Law(Protocol):
    """What the rails and the stability of a loop are asked for."""

    @property
    def loop(self) -> tuple[int, int, int]:
        """Proportional gain, integral gain and what the integral retains a period, in ppm."""

    def wanted(self, fee: int, errors_ppm: Sequence[int]) -> int:
        """Return the fee that answers *errors_ppm* (oldest first) where *fee* is the present one."""


@dataclass(frozen=True, slots=True)
class Exponential:
    """The next fee is the present one x exp(gain x error): a pure integral in logarithms."""

    gain_ppm: int

    @property
    def loop(self) -> tuple[int, int, int]:
        """An integral alone, without leak."""
        return 0, self.gain_ppm, PPM

    def wanted(self, fee: int, errors_ppm: Sequence[int]) -> int:
        """Return the fee that answers the last error; *fee* as it is where there is none."""
        return grown(fee, self.gain_ppm * errors_ppm[-1] // PPM) if errors_ppm else fee


@dataclass(frozen=True, slots=True)
class ProportionalIntegral:
    """The next fee is *anchor* x exp(proportional x error + integral x leaky sum of errors).

    *leak_ppm* is what the sum keeps from one period to the next (`retained_ppm` of a half-life):
    with a leak the fee goes home to the anchor when the error is gone.
    """

    anchor: int
    proportional_ppm: int
    integral_ppm: int
    leak_ppm: int = PPM

    @property
    def loop(self) -> tuple[int, int, int]:
        """The two gains and the leak."""
        return self.proportional_ppm, self.integral_ppm, self.leak_ppm

    def wanted(self, fee: int, errors_ppm: Sequence[int]) -> int:
        """Return the fee that answers all *errors_ppm*; *fee* as it is where there are none."""
        if not errors_ppm:
            return fee
        exponent = self.proportional_ppm * errors_ppm[-1]
        exponent += self.integral_ppm * leaky_sum(errors_ppm, self.leak_ppm)
        return grown(self.anchor, exponent // PPM)
