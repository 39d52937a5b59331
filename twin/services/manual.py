"""The procedure manual: generated from the catalogue of those that run, then kept by people."""

from __future__ import annotations

from collections.abc import Mapping

from twin.catalog import Procedure
from twin.desk.port.manual import ManualPage
from twin.errors import NoData, UnknownName

__all__ = ["ManualClient", "ProcedureManual"]


def _page(item: Procedure, idle: str | None) -> ManualPage:
    return ManualPage(
        procedure=item.id, title=item.title, seed=item.seed, kind=item.kind, level=item.level,
        cadence=str(item.cadence), longest=item.cadence.longest, owner=item.role,
        inputs=item.inputs, evidence=item.evidence, idle=idle,
    )  # fmt: skip


class ProcedureManual:
    """The pages by id; the fault handles are `lose` and `restore`."""

    def __init__(self) -> None:
        """Nothing is published yet."""
        self._pages: dict[str, ManualPage] | None = None
        self._lost: set[str] = set()

    def publish(self, catalog: Mapping[str, Procedure], idle: Mapping[str, str]) -> None:
        """Write the page of each procedure of *catalog*; *idle* says which have no object here."""
        self._pages = {name: _page(item, idle.get(name)) for name, item in catalog.items()}

    def pages(self) -> list[ManualPage]:
        """Return what is there."""
        if self._pages is None:
            raise NoData("no procedure manual is published")
        return [page for name, page in self._pages.items() if name not in self._lost]

    def known(self, procedure: str) -> None:
        """Refuse an id without a page; before publication every id may still get one."""
        if self._pages is not None and procedure not in self._pages:
            raise UnknownName("procedure", procedure, self._pages)

    def lose(self, procedure: str) -> None:
        """Take a page out."""
        self._lost.add(procedure)

    def restore(self, procedure: str) -> None:
        """Put it back."""
        self._lost.discard(procedure)


class ManualClient:
    """The port `Manual`."""

    __slots__ = ("_manual",)

    def __init__(self, manual: ProcedureManual) -> None:
        """Read this one."""
        self._manual = manual

    def pages(self) -> list[ManualPage]:
        """Return every page."""
        return self._manual.pages()
