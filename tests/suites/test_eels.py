"""EELS through the twin's adapter: official posts must come out, and the three judges agree.

A root that does not come out is the adapter's fault: the posts are those of many clients.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import chain_lab as lab
import pytest
import state_tests
from arbiter_lab import needs_eels
from hypothesis import given, settings
from sequence_lab import STEPS, Course, prepared
from test_state_tests import SLOW_ON_THE_REFERENCE

from twin.chain.arbiter import Alloc, Outcome, Subject, alloc_of, difference, load, logs_hash
from twin.chain.arbiter_case import Case
from twin.chain.arbiter_eels import lacking, rule
from twin.chain.arbiter_file import read
from twin.chain.port import BlockEnv, Call, Execution, Output, Transaction
from twin.chain.pyevm import PyEvm
from twin.errors import FileProblems, InvalidTransaction

if not lacking():  # not in a test: EELS moves the recursion limit
    import_module("ethereum")

pytestmark = [
    needs_eels,
    pytest.mark.filterwarnings("ignore:SELFDESTRUCT:DeprecationWarning"),
]

STEP = 12
"""Of so many files of official tests, one is run."""


@pytest.fixture(scope="module")
def cases(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    """Return the first and the last case of every twelfth official file, those of loops left out."""
    archive = shared / "ethereum-state-tests" / "state-tests.tar.xz"
    if not archive.is_file():
        pytest.skip(f"no state tests at {archive}")
    files = state_tests.unpack(archive, tmp_path_factory.mktemp("state-tests"))
    return [
        case
        for file in files[::STEP]
        if file.parent.name not in SLOW_ON_THE_REFERENCE
        for case in ends(file)
    ]


UNREADABLE = ("no post for Cancun", "blobs (EIP-4844)", "is no integer of ")
"""What the twin cannot read on purpose: other forks, blobs, and numbers that are too large."""


def ends(file: Path) -> list[Case]:
    """Return the first and the last case of *file*, or none where the twin has no word for it."""
    try:
        found = read(file)
    except FileProblems as wrong:
        for problem in wrong.problems:
            if not any(words in problem.message for words in UNREADABLE):
                raise
        return []
    return found[:1] + found[1:][-1:]


def test_official_posts_come_out(cases: list[Case]) -> None:
    assert len(cases) > 100
    wrong = {}
    for case in cases:
        found = rule(case.tx, env=case.env, alloc=case.alloc, root=True).outcome
        expected = case.expected
        assert expected is not None
        if bool(found.refused) != bool(expected.refused):
            wrong[case.name] = f"refused: {found.refused}, expected: {expected.refused}"
        elif (found.root, logs_hash(found.logs)) != (expected.root, expected.logs):
            wrong[case.name] = found.words()
    assert wrong == {}


# -- sequences


class Overseen(PyEvm):
    """The reference with EELS beside it: every transaction and call is judged as it is made."""

    def __init__(self, *, chain_id: int) -> None:
        super().__init__(chain_id=chain_id)
        self.judged = 0

    def transact(self, tx: Transaction) -> Execution:
        before, start = alloc_of(self.dump()), self.snapshot()
        try:
            done = super().transact(tx)
        except InvalidTransaction as refusal:
            self.agree(tx, before, Outcome(refused=refusal.reason), self._block())
            raise
        finally:
            changes = self._accounts.changes(self._position(start))
            self.forget(start)
        self.agree(tx, before, Outcome.of(done, changes), self._block())
        return done

    def call(
        self, call: Call, *, env: BlockEnv | None = None, snapshot: int | None = None
    ) -> Output:
        answer = super().call(call, env=env, snapshot=snapshot)
        if snapshot is None:
            self.agree(call, alloc_of(self.dump()), Outcome.of(answer, {}), env or self._block())
        return answer

    def agree(self, subject: Subject, alloc: Alloc, outcome: Outcome, env: BlockEnv) -> None:
        """Hold *outcome* against what EELS says."""
        found = rule(subject, env=env, alloc=alloc).outcome
        assert difference(found, outcome, ("EELS", "pyevm")) == ""
        self.judged += 1


def overseen() -> Overseen:
    """Return the engine of the sequences, watched."""
    plain, made = prepared("pyevm"), Overseen(chain_id=lab.CHAIN)
    load(made, alloc_of(plain.dump()))
    made.drain_changes()
    made.begin_block(lab.ENV)
    return made


@settings(max_examples=150)
@given(steps=STEPS)
def test_eels_takes_the_same_course(steps: list[dict[str, Any] | str]) -> None:
    course = Course(overseen())
    for step in steps:
        course.take(step)
    assert course.engine.judged >= sum(isinstance(step, dict) for step in steps)
