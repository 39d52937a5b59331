"""The pytest plug-in: each `*.twin.yaml` is a test per seed and per control.

    pytest scenarios --twin-out runs

A failure prints what broke: limit, got, when it was first crossed, and the line that runs the
case again. Nothing heavy is imported before the first scenario file is collected.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from twin.bundled import SUFFIX
from twin.errors import TwinError

if TYPE_CHECKING:
    from twin.suite import Case, Result

__all__ = ["ScenarioFailed", "ScenarioFile", "ScenarioItem"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("twin", "scenarios of the FICTRA twin")
    group.addoption("--twin-seed", type=int, metavar="N", help="run this seed alone")
    group.addoption(
        "--twin-out",
        type=Path,
        metavar="DIR",
        help="where run folders go (pytest's own by default)",
    )
    group.addoption("--twin-update", action="store_true", help="write the golden files")
    group.addoption("--twin-engine", metavar="NAME", help="pyevm, revm, or both (the fastest)")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """Take scenario files, but not the copies that run folders keep."""
    if not file_path.name.endswith(SUFFIX) or (file_path.parent / "manifest.json").is_file():
        return None
    found: ScenarioFile = ScenarioFile.from_parent(parent, path=file_path)
    return found


class ScenarioFailed(Exception):
    """A case did not pass; *result* says what broke."""

    def __init__(self, result: Result) -> None:
        """Keep the result."""
        super().__init__(result.case.label)
        self.result = result


class ScenarioFile(pytest.File):
    """One scenario file."""

    def collect(self) -> Iterator[ScenarioItem]:
        """Yield an item for each seed and control; a mistake in the file fails its collection.

        A scenario with tags is run where it is named, not where its folder is, as in `twin test`.
        """
        from twin.library import Library
        from twin.suite import cases

        options = self.config.option
        try:
            library = Library(engine=options.twin_engine)
            if library.load(self.path).suite.tags and not self._named():
                return
            found = cases(
                library, [self.path], seed=options.twin_seed,
                root=self._root(), update=options.twin_update,
            )  # fmt: skip
        except TwinError as error:
            raise self.CollectError(str(error)) from None
        for case in found:
            name = case.label.removeprefix(self.path.name.removesuffix(SUFFIX))
            item: ScenarioItem = ScenarioItem.from_parent(
                self, name=name.lstrip(".") or f"[{case.seed}]", case=case
            )
            yield item

    def _named(self) -> bool:
        """Say whether the command line names this file."""
        base = self.config.invocation_params.dir
        return any(base / name.partition("::")[0] == self.path for name in self.config.args)

    def _root(self) -> Path:
        """Return the folder for run folders: what was asked for, or one of pytest's own."""
        chosen: Path | None = self.config.option.twin_out
        if chosen is not None:
            return chosen
        factory = getattr(self.config, "_tmp_path_factory", None)
        return Path("runs") if factory is None else Path(factory.getbasetemp()) / "twin"


class ScenarioItem(pytest.Item):
    """One case of a scenario."""

    def __init__(self, *, case: Case, **rest: Any) -> None:
        """Keep the case."""
        super().__init__(**rest)
        self.case = case

    def runtest(self) -> None:
        """Run the case; Ctrl-C ends the session as it does elsewhere."""
        from twin.suite import run_case

        result = run_case(self.case)
        if result.interrupted:
            raise KeyboardInterrupt
        if not result.passed:
            raise ScenarioFailed(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show what broke instead of where in our code that was noticed."""
        from twin.junit import lines

        if isinstance(excinfo.value, ScenarioFailed):
            result = excinfo.value.result
            shown = lines(result)
            if result.run:
                shown.append(f"run folder: {result.run}")
            return "\n".join(shown)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Say which file and case this is."""
        return self.path, None, f"scenario {self.case.label}"
