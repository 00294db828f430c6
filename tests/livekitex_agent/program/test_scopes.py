"""Scopes: a rerun of a program gives its commands the same ids, however its tasks happen to take turns; no two commands share one."""

import asyncio
import gc
import string
from collections.abc import Coroutine
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import ProgramLoop
from livekitex_agent.program.scopes import MAX_ID_CHARS, Scopes
from protocols import InternalError


@dataclass(frozen=True)
class Say:
    """A command."""

    function: str


@dataclass(frozen=True)
class Pause:
    """Other tasks may run."""


@dataclass(frozen=True)
class Begin:
    """Tasks are made, in one of the ways that asyncio has for it."""

    way: str
    works: tuple[tuple[str, tuple["Step", ...]], ...]


Step = Say | Pause | Begin

functions = st.sampled_from(["say", "generate_reply"])
steps = st.recursive(
    st.builds(Say, functions) | st.just(Pause()),
    lambda inner: st.builds(
        Begin,
        st.sampled_from(["create_task", "gather", "group", "wait_for"]),
        st.lists(st.tuples(st.sampled_from(["greet", "look_up"]), st.lists(inner, max_size=4).map(tuple)), max_size=3).map(tuple),
    ),
    max_leaves=20,
)
programs = st.dictionaries(st.text(max_size=80), st.lists(steps, max_size=6).map(tuple), max_size=3)


class Life:
    """One incarnation that runs a program, whose tasks go on in the order that ``seed`` says."""

    def __init__(self, seed: int, incarnation: int) -> None:
        self.random = Random(seed)
        self.scopes = Scopes(incarnation)
        self.ids: dict[tuple[object, ...], str] = {}
        self.waiting: list[asyncio.Future[None]] = []

    def live(self, program: dict[str, tuple[Step, ...]]) -> dict[tuple[object, ...], str]:
        """The ids of the commands, by where in the program they are."""
        asyncio.run(self.run(program))
        return self.ids

    async def run(self, program: dict[str, tuple[Step, ...]]) -> None:
        loop = asyncio.get_running_loop()
        failures: list[BaseException] = []
        on = ProgramLoop(loop, failures.append, made=self.scopes.task_made)
        tasks: set[asyncio.Task[Any]] = set()
        for name, works in sorted(program.items(), key=lambda _: self.random.random()):
            loop.call_soon(lambda name=name, works=works: tasks.add(on.spawn(self.within(name, works))))
        await asyncio.sleep(0)
        while any(not task.done() for task in tasks):
            await asyncio.sleep(0)
            if self.waiting:
                self.waiting.pop(self.random.randrange(len(self.waiting))).set_result(None)
        on.stop()
        assert not failures

    async def within(self, name: str, works: tuple[Step, ...]) -> None:
        with self.scopes.enter(name):
            await self.work((name,), works)

    async def work(self, place: tuple[object, ...], works: tuple[Step, ...]) -> None:
        begun: list[asyncio.Task[None]] = []
        for index, step in enumerate(works):
            here = (*place, index)
            match step:
                case Say(function=function):
                    self.ids[here] = self.scopes.command_id(function)
                case Pause():
                    await self.pause()
                case Begin(way="create_task"):
                    begun += [asyncio.create_task(work) for work in self.works_of(here, step)]
                case Begin():
                    await self.begin(step.way, self.works_of(here, step))
        for task in begun:
            await task

    async def begin(self, way: str, works: list[Coroutine[Any, Any, None]]) -> None:
        match way:
            case "gather":
                await asyncio.gather(*works)
            case "wait_for":
                for work in works:
                    await asyncio.wait_for(work, None)
            case _:
                async with asyncio.TaskGroup() as group:
                    for work in works:
                        group.create_task(work)

    async def pause(self) -> None:
        waiting = asyncio.get_running_loop().create_future()
        self.waiting.append(waiting)
        await waiting

    def works_of(self, place: tuple[object, ...], step: Begin) -> list[Coroutine[Any, Any, None]]:
        async def greet(place: tuple[object, ...], works: tuple[Step, ...]) -> None:
            await self.work(place, works)

        async def look_up(place: tuple[object, ...], works: tuple[Step, ...]) -> None:
            await self.work(place, works)

        of = {"greet": greet, "look_up": look_up}
        return [of[name]((*place, index), works) for index, (name, works) in enumerate(step.works)]


@given(programs, st.integers(), st.integers())
def test_the_same_program_gives_the_same_ids_in_every_life_whatever_the_interleaving(
    program: dict[str, tuple[Step, ...]], first: int, second: int
) -> None:
    ids = Life(first, 1).live(program)
    assert ids == Life(second, 2).live(program)
    assert len(set(ids.values())) == len(ids)
    assert all(1 <= len(found) <= MAX_ID_CHARS and found.isascii() and found.isprintable() for found in ids.values())


def run(work: Coroutine[Any, Any, None], scopes: Scopes) -> None:
    async def within() -> None:
        failures: list[BaseException] = []
        loop = ProgramLoop(asyncio.get_running_loop(), failures.append, made=scopes.task_made)
        await loop.spawn(work)
        loop.stop()
        assert not failures

    asyncio.run(within())


def test_tasks_of_a_library_do_not_renumber_those_of_the_program() -> None:
    def ids(library_tasks: int) -> list[str]:
        scopes, found = Scopes(1), []

        async def greet() -> None:
            found.append(scopes.command_id("say"))

        async def reconnect() -> None:
            pass

        async def program() -> None:
            with scopes.enter("entrypoint"):
                for _ in range(2):
                    await asyncio.gather(*(reconnect() for _ in range(library_tasks)))
                    await asyncio.create_task(greet())

        run(program(), scopes)
        return found

    assert ids(0) == ids(3)
    assert len(set(ids(3))) == 2


def test_what_is_in_no_scope_has_ids_that_match_nothing_of_another_life() -> None:
    def ids(incarnation: int) -> list[str]:
        scopes, found = Scopes(incarnation), []

        def say() -> None:
            found.append(scopes.command_id("say"))

        async def tool() -> None:
            assert scopes.current is None
            say()

        async def program() -> None:
            with scopes.enter("entrypoint"):
                called = asyncio.Event()
                asyncio.get_running_loop().call_soon(say)  # a timer
                asyncio.get_running_loop().call_later(0, lambda: (kept.append(asyncio.ensure_future(tool())), called.set()))
                await called.wait()
                await kept[0]
                await asyncio.to_thread(say)
                with scopes.leave():
                    await asyncio.create_task(tool())
                assert scopes.current == "entrypoint"
            assert scopes.current is None

        kept: list[asyncio.Task[None]] = []
        say()  # no loop
        run(program(), scopes)
        return found

    first, second = ids(1), ids(2)
    assert len(first) == len(second) == 5
    assert len({*first, *second}) == 10


def test_a_task_s_scope_lies_below_that_of_who_made_it() -> None:
    scopes, found = Scopes(1), []

    async def inner() -> None:
        found.append(scopes.current)

    async def outer() -> None:
        found.append(scopes.current)
        with scopes.enter("on_enter 2"):
            await asyncio.gather(inner(), inner())
        await asyncio.create_task(inner())

    async def program() -> None:
        with scopes.enter("entrypoint"):
            await asyncio.create_task(outer())

    run(program(), scopes)
    names = [str(path).replace("test_a_task_s_scope_lies_below_that_of_who_made_it.<locals>.", "") for path in found]
    assert names == ["entrypoint/outer#1", "on_enter 2/inner#1", "on_enter 2/inner#2", "entrypoint/outer#1/inner#1"]


def test_a_name_that_is_entered_again_goes_on_with_its_numbers_and_an_unused_one_is_forgotten() -> None:
    scopes, found = Scopes(1), []

    async def program() -> None:
        for _ in range(2):
            with scopes.enter("turn"):
                found.append(scopes.command_id("say"))
            with scopes.enter("another turn"):
                pass

    run(program(), scopes)
    assert found == ["turn/say#1", "turn/say#2"]
    gc.collect()
    assert list(scopes._entered) == ["turn"]


def test_a_scope_that_two_tasks_are_in_is_one_also_when_the_first_leaves_it() -> None:
    scopes, found = Scopes(1), []

    async def program() -> None:
        with scopes.enter("turn"):
            with scopes.enter("turn"):
                pass
            with scopes.enter("turn"):
                found.append(scopes.command_id("say"))
            found.append(scopes.command_id("say"))

    run(program(), scopes)
    assert found == ["turn/say#1", "turn/say#2"]


@given(
    st.lists(
        st.tuples(st.text(st.characters(), max_size=90), st.text(alphabet=string.ascii_letters + "/#%*!é", min_size=1, max_size=9)),
        max_size=30,
    )
)
def test_names_of_any_letters_share_no_id(calls: list[tuple[str, str]]) -> None:
    scopes, found = Scopes(1), []

    async def program() -> None:
        for scope, function in calls:
            with scopes.enter(scope):
                found.append(scopes.command_id(function))
            found.append(scopes.command_id(function))

    run(program(), scopes)
    assert len(set(found)) == len(found)


def test_a_scope_needs_a_task() -> None:
    with pytest.raises(InternalError), Scopes(1).enter("entrypoint"):
        pass
