"""What a response was worth: its loss between that of no response and that of an ideal one."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PPM", "Worth"]

PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Worth:
    """Losses of one seed in whole units: of the run, with *nothing* done, *ideal*, *quiet*.

    *quiet* is the same seed without faults: what it loses is nobody's, in any of the three.
    Differences below *floor* are too small to divide by. *harm* and *stopped* are the parts of
    *loss* and *nothing* by the measure and by what was stopped.
    """

    loss: int
    nothing: int
    ideal: int
    quiet: int
    floor: int = 0
    stopped: int = 0

    @property
    def net(self) -> int:
        """The loss of the run that would not have been without the faults."""
        return self.loss - self.quiet

    @property
    def saved(self) -> int:
        """What the response saved against none; below 0 it did harm."""
        return self.nothing - self.loss

    @property
    def value_ppm(self) -> int | None:
        """The response value in millionths: 1 is ideal, 0 is no response; never clipped.

        None where no response and the ideal one differ by less than the floor: it is not defined.
        """
        room = self.nothing - self.ideal
        if room < max(1, self.floor):
            return None
        return self.saved * PPM // room
