"""The token budget: the oldest turns are summed up, the summary is in the journal, and nothing else is lost."""

import gc
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.agent_session.core import inputs as i
from actors.agent_session.core import restore
from actors.agent_session.core.chat import MAX_LASTING_ITEMS, context, summarised
from actors.agent_session.core.entries import HandedOff, HistorySummarised, SummaryBegun
from actors.agent_session.core.replay import remember
from actors.agent_session.core.summary import DEADLINE_S, REQUEST, SUMMARY_SHARE, due, request
from protocols import (
    AgentHandoff,
    ChatContext,
    ChatItem,
    ChatMessage,
    ContextSummarised,
    FailedTurn,
    FunctionCall,
    FunctionCallOutput,
    Role,
    SessionError,
    Summary,
    TokenEstimator,
)
from support.chat import said, texts
from support.session_world import CHECKED, SPOKEN, World

BUDGET = 400
BUDGETED = replace(CHECKED, max_context_tokens=BUDGET)
LONG = "word " * 30
"""About 38 tokens."""


def tokens(history: ChatContext) -> int:
    return TokenEstimator().items(history)


def told(world: World, kind: type[Any]) -> list[Any]:
    return [pushed.event for pushed in world.events if isinstance(pushed.event, kind)]


def turns(*names: str) -> tuple[ChatItem, ...]:
    """Turns of about 45 tokens each."""
    items: list[ChatItem] = []
    for name in names:
        items.append(ChatMessage.of(Role.USER, f"{name} {LONG}", id=f"{name} asks", created_at=1.0))
        items.append(ChatMessage.of(Role.ASSISTANT, f"{name}?", id=f"{name} says", created_at=1.0))
    return tuple(items)


def summed_up(world: World, text: str = "They spoke.") -> World:
    """Send long texts until something is to be summed up."""
    for _ in range(20):
        if world.summing_up is not None:
            return world
        world.send(LONG)
        while world.commit() or world.think():
            pass
    raise AssertionError("nothing is to be summed up")


# What is due.


def test_nothing_is_due_without_a_budget_or_within_it() -> None:
    assert due(CHECKED, turns(*"abcdefghijkl")) == ()
    assert due(BUDGETED, turns(*"abc")) == ()
    assert due(BUDGETED, ()) == ()


def test_the_oldest_whole_turns_are_due_until_half_of_the_budget_is_left() -> None:
    items = turns(*"abcdefghi")
    assert [item.id for item in due(BUDGETED, items)] == [item.id for item in items[:10]]
    assert tokens(ChatContext(items[10:])) <= BUDGET / 2


def test_the_instructions_count() -> None:
    items = turns(*"abcde")
    assert due(BUDGETED, items) == ()
    assert due(replace(BUDGETED, instructions="x" * 600), items)


def test_so_does_what_the_model_says_of_its_tokens() -> None:
    items = turns(*"abcde")
    assert due(replace(BUDGETED, tokens=TokenEstimator(characters_per_token=2)), items)


def test_the_newest_turn_always_stays_and_alone_it_is_not_summed_up() -> None:
    endless = ChatMessage.of(Role.USER, LONG * 20, id="endless")
    assert due(BUDGETED, (endless,)) == ()
    items = (*turns("a"), endless)
    assert due(BUDGETED, items) == items[:2]
    assert due(BUDGETED, (Summary(id="s", text="They spoke."), endless)) == (), "a summary of a summary alone"


def test_a_call_and_its_output_stay_together() -> None:
    tool = (
        FunctionCall(id="call", call_id="c", name="look", arguments=LONG * 4),
        FunctionCallOutput(id="output", call_id="c", output=LONG * 4),
    )
    oldest = due(BUDGETED, (*turns("a"), *tool, *turns("b", "c")))
    assert [item.id for item in oldest] == ["a asks", "a says", "call", "output"]


def test_what_the_model_is_asked() -> None:
    oldest: tuple[ChatItem, ...] = (
        Summary(id="s", text="They met."),
        FailedTurn(id="f", text="poison"),
        ChatMessage.of(Role.SYSTEM, "Be kind.", id="i"),
        ChatMessage.of(Role.USER, "hello", id="1"),
        ChatMessage.of(Role.ASSISTANT, "Hi.", id="2"),
        ChatMessage.of(Role.ASSISTANT, "", id="3"),
        FunctionCall(id="4", call_id="c", name="look", arguments="{}"),
        FunctionCallOutput(id="5", call_id="c", name="look", output="found"),
        FunctionCallOutput(id="6", call_id="d", name="buy", output="no money", is_error=True),
        AgentHandoff(id="7", new_agent="billing"),
    )
    system, asked = request(BUDGETED, oldest).messages
    assert (system.role, system.text) == (Role.SYSTEM, REQUEST.format(words=37))
    assert asked.text.split("\n") == [
        "Before that: They met.",
        "Caller: hello",
        "Agent: Hi.",
        "Tool look was called with {}",
        "Tool look answered: found",
        "Tool buy failed: no money",
    ]


# What becomes of the history.


def test_a_summary_takes_the_place_of_what_it_stands_for() -> None:
    history = ChatContext(turns("a", "b"))
    after = summarised(history, "a says", "Of a.")
    assert said(after) == [("summary", "Of a."), *said(turns("b"))]
    assert after.items[0] == Summary(id="summary-a says", created_at=1.0, text="Of a.", items=2)
    again = summarised(after, "b says", "Of a and b.")
    assert again.items == (Summary(id="summary-b says", created_at=1.0, text="Of a and b.", items=4),)


def test_what_could_not_be_summed_up_is_forgotten_and_an_older_summary_stays() -> None:
    history = summarised(ChatContext(turns("a", "b", "c")), "a says", "Of a.")
    assert said(summarised(history, "b says", "")) == [("summary", "Of a."), *said(turns("c"))]


def test_hand_offs_and_instructions_stay_the_newest_of_them() -> None:
    system = ChatMessage.of(Role.SYSTEM, "Be kind.", id="system")
    handoffs = tuple(AgentHandoff(id=f"h{number}", new_agent="x") for number in range(MAX_LASTING_ITEMS))
    after = summarised(ChatContext((system, *handoffs[:2], *turns("a"))), "a says", "Of a.")
    assert [item.id for item in after] == ["summary-a says", "system", "h0", "h1"]
    after = summarised(ChatContext((system, *handoffs, *turns("a"))), "a says", "Of a.")
    assert [item.id for item in after.items[1:]] == [item.id for item in handoffs]


def test_of_a_history_that_was_replaced_meanwhile_nothing_goes() -> None:
    history = ChatContext(turns("a"))
    assert summarised(history, "gone", "Of what?") == history


# In a call.


def test_the_oldest_turns_are_summed_up_and_an_event_tells_it() -> None:
    world = World(BUDGETED)
    world.subscribe()
    summed_up(world)
    before = len(world.state.memory.history)
    world.settle()
    (event,) = told(world, ContextSummarised)
    assert event.tokens_before > BUDGET * 0.75 > event.tokens_after
    assert said(world.state.memory.history)[0] == ("summary", "They spoke.")
    assert before - event.items + 1 == len(world.state.memory.history)
    journalled = [type(entry) for entry in world.entries if isinstance(entry, SummaryBegun | HistorySummarised)]
    assert journalled == [SummaryBegun, HistorySummarised]
    world.send("and now")
    world.settle()
    assert said(world.thought_about)[:2] == [("system", "Be brief."), ("summary", "They spoke.")]


def test_the_model_is_asked_only_once_the_journal_knows() -> None:
    world = World(BUDGETED)
    while not any(isinstance(entry, SummaryBegun) for write in world.writes for entry in write.entries):
        assert world.think() or world.commit() or world.send(LONG)
    assert world.summing_up is None
    world.commit_all()
    assert world.summing_up is not None


def test_the_call_goes_on_while_the_model_sums_up() -> None:
    world = summed_up(World(BUDGETED))
    asked, world.summing_up = world.summing_up, None
    assert asked is not None
    world.send("meanwhile")
    while world.commit() or world.think():
        pass
    assert "meanwhile" in texts(world.state.memory.history)
    world.feed(i.Summarised(token=asked.token, text=" Later. "))
    world.settle()
    history = world.state.memory.history
    assert said(history)[0] == ("summary", "Later.")
    assert "meanwhile" in texts(history)


@pytest.mark.parametrize("answer", ["", " \n", None, "late"])
def test_if_the_model_cannot_they_are_forgotten_and_an_event_tells_it(answer: str | None) -> None:
    world = World(BUDGETED)
    world.subscribe()
    asked = summed_up(world).summing_up
    assert asked is not None
    world.summing_up = None
    if answer is None:
        world.feed(i.SummaryFailed(token=asked.token, text="no idea"))
    elif answer == "late":
        began = world.now
        while not told(world, SessionError):
            assert world.commit() or world.wait()
        assert world.now - began == DEADLINE_S
        world.feed(i.Summarised(token=asked.token, text="late"))
    else:
        world.feed(i.Summarised(token=asked.token, text=answer))
    world.settle()
    (error,) = told(world, SessionError)
    assert (error.source, error.retryable) == ("llm", False)
    assert "items of the conversation are forgotten, since they could not be summed up: " in error.text
    assert not any(isinstance(item, Summary) for item in world.state.memory.history)
    assert tokens(world.state.memory.history) <= BUDGET * 0.75
    assert not world.state.memory.summarising


def test_a_summary_is_cut_to_its_share() -> None:
    world = summed_up(World(BUDGETED))
    world.sum_up("x" * 10_000)
    world.settle()
    assert len(texts(world.state.memory.history)[0]) == BUDGET * SUMMARY_SHARE * 4


def test_an_answer_to_what_is_not_asked_any_more_changes_nothing() -> None:
    world = World(BUDGETED)
    before = world.state
    world.feed(i.Summarised(token=99, text="x"))
    world.feed(i.SummaryFailed(token=99, text="x"))
    assert world.state == before


# Through deaths.


def test_a_summary_is_restored() -> None:
    world = summed_up(World(BUDGETED))
    world.settle()
    history = world.state.memory.history
    world.kill()
    world.settle()
    assert world.state.memory.history == history
    assert restore(world.entries).memory.history == history
    assert context("", restore(world.entries).memory) == history


def test_a_death_has_the_model_asked_again_and_a_second_one_has_the_turns_forgotten() -> None:
    world = World(BUDGETED)
    summed_up(world)
    world.kill()
    world.commit_all()
    assert world.summing_up is not None
    world.subscribe()
    world.kill()
    world.subscribe()
    world.commit_all()
    assert world.summing_up is None
    (error,) = told(world, SessionError)
    assert error.text.endswith("the session died 2 times in the same step: summing up the oldest turns")
    assert not world.state.memory.summarising
    assert world.state.memory.summary_deaths == 0


def test_a_clean_end_counts_for_nothing() -> None:
    world = summed_up(World(BUDGETED))
    for _ in range(3):
        world.stop_cleanly()
        world.commit_all()
        assert world.summing_up is not None
    world.settle()
    assert said(world.state.memory.history)[0] == ("summary", "They spoke.")


SCRIPT = tuple(f"{number} {LONG}" for number in range(12))


def play(world: World) -> None:
    """The whole call, whatever has come of it before."""
    world.subscribe()
    for number, text in enumerate(SCRIPT):
        world.send(text, command_id=f"text-{number}")
        world.settle()


def facts(world: World) -> tuple[list[tuple[str, str]], int]:
    history = world.state.memory.history
    return said(history), sum(item.items if isinstance(item, Summary) else 1 for item in history)


def test_killed_after_every_effect_it_is_the_same_conversation() -> None:
    whole = World(BUDGETED)
    play(whole)
    assert told(whole, ContextSummarised)
    for fuse in range(0, 400, 3):
        world = World(BUDGETED, fuse=fuse)
        play(world)
        if not world.dead:
            assert fuse > 100
            break
        world.fuse = None
        world.kill()
        play(world)
        assert not world.state.memory.summarising
        assert tokens(world.state.memory.history) <= BUDGET
        kept, stands_for = facts(world)
        assert stands_for == facts(whole)[1], f"killed after effect {fuse}"
        assert kept[-2:] == facts(whole)[0][-2:]
        assert restore(world.entries).memory.history == world.state.memory.history


WHAT = ["send", "kill", "stop", "sum up", "fail", "commit", "think", "wait"]


@settings(max_examples=30)
@given(
    st.lists(st.sampled_from(["send", "kill", "stop", "sum up", "fail", "commit", "think", "wait"]), max_size=60),
    st.sampled_from([CHECKED, SPOKEN]),
)
def test_whatever_happens_each_item_is_told_or_stood_for(steps: list[str], setup: Any) -> None:
    world = World(replace(setup, max_context_tokens=BUDGET))
    for number, what in enumerate(steps):
        match what:
            case "send":
                world.send(f"{number} {LONG}")
            case "kill":
                world.kill()
            case "stop":
                world.stop_cleanly()
            case "sum up":
                world.sum_up(f"Up to {number}.")
            case "fail" if world.summing_up is not None:
                asked, world.summing_up = world.summing_up, None
                world.feed(i.SummaryFailed(token=asked.token, text="no idea"))
            case "commit":
                world.commit()
            case "think":
                world.think()
            case _:
                world.wait()
    world.subscribe()
    world.settle()
    history = world.state.memory.history
    assert history == history.copy(), "no half of a pair"
    assert sum(isinstance(item, Summary) for item in history) <= 1
    assert restore(world.entries).memory.history == history
    assert not world.state.memory.summarising
    assert not due(world.state.setup, history.items)


@pytest.fixture
def traced() -> Iterator[Callable[[], int]]:
    """How much memory was allocated since the test began, and is held still, in bytes."""
    tracemalloc.start()

    def held() -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    yield held
    tracemalloc.stop()


def forget(world: World) -> None:
    """Whatever a world notes of the past for its test, but for what its next incarnation reads."""
    for log in (world.events, world.passing, world.thoughts, world.told, world.heeded):
        log.clear()
    for kept in (world.answers, world.ran, world.played, world.lengths):
        kept.clear()
    world.transactions = world.transactions[max(0, len(world.transactions) - 600) :]
    world.timers = [timer for timer in world.timers if timer[0] > world.now]


def test_ten_minutes_of_500_turns_with_a_budget_of_4_000_tokens(traced: Callable[[], int]) -> None:
    world = World(replace(CHECKED, max_context_tokens=4_000))
    world.subscribe()
    sizes: list[tuple[int, int, int]] = []
    memory: dict[int, int] = {}
    made: list[ContextSummarised] = []
    summary = "Summed up. " * 30
    for number in range(500):
        world.now = number * 600 / 500
        world.send(f"{number} {'use look' if number % 5 == 0 else LONG}", command_id=f"text-{number}")
        while world.commit() or world.think() or world.sum_up(summary) or world.finish_tool("found " * 40) or world.play():
            pass
        if number == 250:
            world.kill()
            world.subscribe()
        made += told(world, ContextSummarised)
        forget(world)
        history = world.state.memory.history
        sizes.append((tokens(history), len(history), sum(sys.getsizeof(text) for text in texts(history))))
        if number % 10 == 0:
            memory[number] = traced()
    assert world.state.memory.turns == 500
    assert max(size for size, _, _ in sizes) <= 4_000
    for measure in range(3):
        early, late = (max(size[measure] for size in sizes[start : start + 100]) for start in (100, 400))
        assert late <= early * 1.1, "flat"
    middle, end = (max(memory[number] for number in range(start, start + 100, 10)) for start in (200, 400))
    # Between them the newest 1,024 command ids grow by 200; a kilobyte that each turn leaves behind would already be too much.
    assert end <= middle * 1.2, "so is what the process holds"
    assert len(made) > 5
    stands_for = sum(item.items if isinstance(item, Summary) else 1 for item in world.state.memory.history)
    assert stands_for >= 1_000, "nothing is forgotten: it is summed up"
    world.kill()
    assert said(world.state.memory.history)[0] == ("summary", summary.strip())


# Who does not know all of it.


def knowing(*given: ChatItem) -> World:
    """A world of a program's agent that was given these items."""
    world = World(replace(BUDGETED, program=True, context=ChatContext(given)))
    world.subscribe()
    return world


def test_the_budget_is_of_what_the_agent_knows_and_not_of_what_was_said_to_others() -> None:
    world = knowing(*turns(*"abcdefghi"))
    world.settle()
    world.send("hello")
    world.settle()
    assert world.state.memory.history.messages[-1].text.startswith("You said hello")
    assert any(entry for entry in world.entries if isinstance(entry, SummaryBegun)), "what it was given counts"


def test_what_it_knows_is_summed_up_and_the_history_stays() -> None:
    world = summed_up(knowing())
    before = world.state.memory.history
    world.sum_up("They spoke.")
    world.settle()
    memory = world.state.memory
    assert memory.known is not None
    assert [item.text for item in memory.known if isinstance(item, Summary)] == ["They spoke."]
    assert memory.history.items[: len(before)] == before.items
    assert "They spoke." in texts(context("", memory))
    (event,) = told(world, ContextSummarised)
    assert event.tokens_after < event.tokens_before


def test_what_is_asked_while_another_agent_has_got_the_call_changes_nothing_for_that_one() -> None:
    world = summed_up(knowing())
    until = world.state.memory.summarising
    after = remember(
        remember(world.state.memory, HandedOff(done=True, old_agent="a", new_agent="b", instructions="", context=ChatContext(turns("z")))),
        HistorySummarised(until=until, text="They spoke."),
    )
    assert after.known is not None
    assert [item.id for item in after.known if isinstance(item, ChatMessage)] == ["z asks", "z says"]
