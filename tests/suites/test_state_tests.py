"""The official state tests: every Cancun post on revm, a sample of each folder on the reference.

At night the reference takes all of them too, in shares that run side by side.

The archive is too large to commit (`shared` says where it is looked for). What fails stands in
`state_tests_known.json` with its reason: a new failure breaks the build, and so does a new pass.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest
import state_tests
from state_tests import Post

from twin.chain.engines import available, make_engine

KNOWN: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).parent / "state_tests_known.json").read_text("utf-8")
)
"""Engine to (post to why it fails)."""

SLOW_ON_THE_REFERENCE = ("vmPerformance", "stTimeConsuming", "stQuadraticComplexityTest")
"""Folders of loops that take py-evm minutes; revm runs them."""


PAIRINGS_IN_PYTHON = {
    "eip4844_blobs/point_evaluation_precompile_external_vectors",
    "eip4844_blobs/point_evaluation_precompile_gas_usage",
    "stPreCompiledContracts2/CALLBlake2f",
    "stZeroKnowledge/ecpairing_inputs",
}
"""Files of pairings and Blake2 rounds without end, which py-evm does in Python; revm runs them."""


@pytest.fixture(scope="session")
def files(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    archive = shared / "ethereum-state-tests" / "state-tests.tar.xz"
    if not archive.is_file():
        pytest.skip(f"no state tests at {archive}")
    return state_tests.unpack(archive, tmp_path_factory.mktemp("state-tests"))


def judged(engine: str, posts: list[Post]) -> dict[str, str]:
    """Return what is wrong by the post's name."""
    found = {}
    for post in posts:
        wrong = state_tests.judge(make_engine(engine, chain_id=state_tests.CHAIN), post)
        if wrong:
            found[post.name] = wrong
    return found


def compare(engine: str, posts: list[Post], failed: dict[str, str]) -> None:
    """Hold *failed* against the list of known failures, both ways, and tell the rate."""
    names = {post.name for post in posts}
    known = {name for name in KNOWN[engine] if name in names}
    rate = 1 - len(failed) / len(posts)
    print(f"{engine}: {len(posts) - len(failed)} of {len(posts)} posts pass ({rate:.2%})")  # noqa: T201
    assert {name: why for name, why in failed.items() if name not in known} == {}
    assert sorted(known - set(failed)) == [], "these pass now: take them off the list"


@pytest.mark.skipif("revm" not in available(), reason="the Rust engine is not built")
def test_every_post_on_revm(files: list[Path]) -> None:
    posts = [post for file in files for post in state_tests.posts(file)]
    assert len(posts) > 10_000
    failed = judged("revm", posts)
    compare("revm", posts, failed)
    assert len(failed) <= len(posts) // 1000, "99.9 % must pass"


def sample(files: list[Path]) -> list[Post]:
    """Return the first and the last post of every ninth file of each folder, without blobs."""
    folders = defaultdict(list)
    for file in files:
        folders[file.parent.name].append(file)
    found = []
    for name, members in sorted(folders.items()):
        if name in SLOW_ON_THE_REFERENCE:
            continue
        for file in members[::9]:
            posts = [post for post in state_tests.posts(file) if not state_tests.has_blobs(post)]
            found += posts[:1] + posts[1:][-1:]
    return found


def test_a_sample_of_every_folder_on_the_reference(files: list[Path]) -> None:
    posts = sample(files)
    assert len({post.name.split("/")[0] for post in posts}) > 50
    compare("pyevm", posts, judged("pyevm", posts))


SHARES = 4


@pytest.mark.nightly
@pytest.mark.parametrize("share", range(SHARES))
def test_every_post_on_the_reference(files: list[Path], share: int) -> None:
    mine = [
        file
        for file in files[share::SHARES]
        if file.parent.name not in SLOW_ON_THE_REFERENCE
        and f"{file.parent.name}/{file.stem}" not in PAIRINGS_IN_PYTHON
    ]
    posts = [
        post for file in mine for post in state_tests.posts(file) if not state_tests.has_blobs(post)
    ]
    assert len(posts) > 1000
    compare("pyevm", posts, judged("pyevm", posts))


def test_the_list_of_known_failures_gives_reasons() -> None:
    assert sorted(KNOWN) == ["pyevm", "revm"]
    assert all(len(why) > 20 for listed in KNOWN.values() for why in listed.values())
