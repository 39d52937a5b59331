"""Turns: nobody is inside while the run is, and nobody waits for ever."""

from __future__ import annotations

import threading

from twin.console.turns import Turns


def test_those_who_ask_wait_for_an_offer_and_the_run_for_them() -> None:
    turns, log = Turns(), list[str]()
    came = threading.Barrier(4)

    def ask(name: str) -> None:
        came.wait()
        with turns:
            log.append(name)

    asking = [threading.Thread(target=ask, args=(f"ask-{n}",)) for n in range(3)]
    for thread in asking:
        thread.start()
    came.wait()
    while any(thread.is_alive() for thread in asking):
        log.append("run")
        turns.offer()
    for thread in asking:
        thread.join()
    assert log[0] == "run"
    assert sorted(set(log)) == ["ask-0", "ask-1", "ask-2", "run"]


def test_an_offer_nobody_waits_for_is_none() -> None:
    turns = Turns()
    turns.offer()
    log = list[str]()

    def ask() -> None:
        with turns:
            log.append("in")

    thread = threading.Thread(target=ask)
    thread.start()
    assert log == []
    turns.free()
    thread.join()
    assert log == ["in"]


def test_a_place_that_is_free_is_held_by_one_at_a_time() -> None:
    turns, inside, most = Turns(), [0], [0]
    turns.free()

    def ask() -> None:
        for _ in range(200):
            with turns:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    asking = [threading.Thread(target=ask) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert most == [1]
