"""The agents of a program: each has one name in the journal, by which the program's next life finds it again."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent import Agent, ChatContext
from livekitex_agent.program.agents import AgentReference, Agents
from livekitex_agent.program.scopes import Scopes
from livekitex_agent.voice.agent import AGENT_MADE
from protocols import InvalidAgentError, SeededEntropy
from support.plain_agents import Clerk, Fragile, Successor


class Language(StrEnum):
    """One that is a text, too."""

    WELSH = "cy"


class Size(Enum):
    """One that is not."""

    LARGE = 2


@dataclass
class Order:
    """What a program works on."""

    products: list[str]


class Life:
    """One life of a program: what it makes in which scopes, and its agents."""

    def __init__(self, incarnation: int = 1) -> None:
        self.scopes = Scopes(incarnation)
        self.agents = Agents(self.scopes, SeededEntropy(incarnation))

    def run(self, work: Callable[[], Any], scope: str = "entrypoint") -> Any:
        """What comes of ``work`` in ``scope``; with an empty one, in none."""

        async def main() -> Any:
            AGENT_MADE.set(self.agents.note)
            if not scope:
                return work()
            with self.scopes.enter(scope):
                return work()

        return asyncio.run(main())

    def name(self, agent: Agent) -> str:
        """What the journal has of it."""
        return json.dumps(self.agents.reference(agent).to_wire())


def again(made: Callable[[], Agent]) -> Agent:
    """The agent that ``made`` gives in a tool, found in a life that does not make it."""
    life = Life(1)
    text = life.name(life.run(made, scope=""))
    return found(text)


def found(text: str, life: Life | None = None) -> Agent:
    """The agent that the journal names ``text``, looked for in no scope."""
    life = life or Life(2)
    agent: Agent = life.run(lambda: life.agents.find(text), scope="")
    return agent


# By its origin.


def test_the_nth_of_its_class_that_a_scope_makes_is_the_nth_that_it_makes_in_the_next_life() -> None:
    first, second = Life(1), Life(2)
    agents = first.run(lambda: [Clerk(object()), Fragile(), Clerk(object())])
    made = second.run(lambda: [Clerk(object()), Fragile(), Clerk(object())])
    for agent, expected in zip(agents, made, strict=True):
        assert second.agents.find(first.name(agent)) is expected


def test_each_scope_counts_for_itself() -> None:
    first, second = Life(1), Life(2)
    text = first.name(first.run(lambda: Clerk(object()), "on_enter/0"))
    second.run(lambda: Clerk(object()), "entrypoint")
    wanted = second.run(lambda: Clerk(object()), "on_enter/0")
    assert second.agents.find(text) is wanted


def test_an_agent_has_one_name_in_all_its_life_and_is_found_by_it() -> None:
    life = Life()
    agents = life.run(lambda: [Clerk(), Clerk()])
    names = [life.name(agent) for agent in agents]
    assert names == [life.name(agent) for agent in agents]
    assert len({json.loads(name)["key"] for name in names}) == 2
    assert [life.agents.find(name) for name in names] == agents


def test_a_key_may_be_given() -> None:
    life = Life()
    assert life.agents.reference(Clerk(), "0").key == "0"


def test_who_was_found_keeps_the_name_of_the_life_before() -> None:
    first, second = Life(1), Life(2)
    text = first.name(first.run(lambda: Clerk(object())))
    second.run(lambda: Clerk(object()))
    assert second.name(second.agents.find(text)) == text


# In the place of one of the life before.


def test_one_that_is_made_again_takes_the_place_of_the_one_before_and_is_found_by_its_name() -> None:
    first, second = Life(1), Life(2)
    text = first.name(first.run(Clerk))
    made = second.run(Clerk)
    assert second.agents.takes_the_place(made, text)
    assert second.agents.find(text) is made
    assert second.name(made) == text


@pytest.mark.parametrize(
    "other", [lambda life: life.run(Fragile), lambda life: life.run(Clerk, "on_enter/0"), lambda life: life.run(Clerk, "")]
)
def test_one_of_another_origin_takes_nobodys_place(other: Callable[[Life], Agent]) -> None:
    first, second = Life(1), Life(2)
    text = first.name(first.run(Clerk))
    made = other(second)
    assert not second.agents.takes_the_place(made, text)
    assert not second.agents.takes_the_place(made, "")
    assert found(text, second) is not made


def test_one_that_was_made_in_no_scope_has_no_place_to_take() -> None:
    first, second = Life(1), Life(2)
    assert not second.agents.takes_the_place(second.run(Clerk, ""), first.name(first.run(Clerk, "")))


# By what it was made with.


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.sampled_from([Language.WELSH, Size.LARGE]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.text(alphabet="abcde", min_size=1, max_size=3)


@given(args=st.lists(PLAIN, max_size=3), named=st.dictionaries(NAMES, PLAIN, max_size=3))
def test_one_that_a_tool_has_made_of_plain_values_is_made_again_of_equal_ones(args: list[Any], named: dict[str, Any]) -> None:
    clerk = again(lambda: Clerk(*args, **named))
    assert isinstance(clerk, Clerk)
    assert (clerk.args, clerk.named) == (tuple(args), named)
    assert repr((clerk.args, clerk.named)) == repr((tuple(args), named)), "and of the same types"


def test_a_context_of_a_conversation_is_the_calls_own_by_whatever_name_it_was_given() -> None:
    known = ChatContext.empty()
    known.add_message(role="user", content="Hello.")
    successor = again(lambda: Successor(known, chat_ctx=known))
    assert isinstance(successor, Successor)
    assert (successor.known.items, successor.chat_ctx.items) == ([], [])


@pytest.mark.parametrize("value", [object(), Order([]), {"order": Order([])}, lambda: None, b"bytes", {1, 2}, ["x" * 200_000]])
def test_one_that_was_made_of_anything_else_is_not_made_again_and_says_how_it_would_be(value: Any) -> None:
    with pytest.raises(InvalidAgentError, match="the agent clerk was made with what is no plain data: make it in the entrypoint"):
        again(lambda: Clerk(value))


def test_what_refers_to_itself_is_no_plain_data() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(InvalidAgentError, match="no plain data"):
        again(lambda: Clerk(endless))


class Nested:
    """Makes classes that no other process finds."""

    @staticmethod
    def hidden() -> type[Agent]:
        class Hidden(Agent):
            pass

        return Hidden

    @staticmethod
    def other() -> type[Agent]:
        class Other(Agent):
            pass

        return Other


def test_one_of_a_class_within_a_function_is_found_by_its_origin() -> None:
    first, second = Life(1), Life(2)
    texts = [first.name(agent) for agent in first.run(lambda: [Nested.hidden()(instructions="1"), Nested.other()(instructions="2")])]
    one, two = second.run(lambda: [Nested.hidden()(instructions="1"), Nested.other()(instructions="2")])
    assert [second.agents.find(text) for text in texts] == [one, two]
    third = Life(3)
    one, two = third.run(lambda: [Nested.hidden()(instructions="1"), Nested.other()(instructions="2")])
    assert not third.agents.takes_the_place(one, texts[1])
    assert third.agents.takes_the_place(two, texts[1])


def test_one_of_a_class_within_a_function_that_a_tool_has_made_is_not_found_by_another_process() -> None:
    with pytest.raises(InvalidAgentError, match="the agent hidden is of a class that no other process finds: define it at the top level"):
        again(lambda: Nested.hidden()(instructions="Hide."))


def test_one_whose_class_does_not_make_it_any_more_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    life = Life(1)
    text = life.name(life.run(Fragile, scope=""))
    monkeypatch.setattr(Fragile, "broken", True)
    with pytest.raises(InvalidAgentError, match="the agent fragile cannot be made again: ZeroDivisionError"):
        found(text)


def test_one_that_is_made_again_is_none_of_those_that_the_program_makes() -> None:
    first, second = Life(1), Life(2)
    text = first.name(first.run(lambda: Clerk(7), scope=""))
    made_again, later = second.run(lambda: (second.agents.find(text), Clerk()))
    assert second.agents.find(text) is made_again
    assert second.agents.reference(later).number == 1


# In the journal.


@given(
    key=st.text(max_size=8),
    name=st.text(max_size=8),
    scope=st.text(max_size=8),
    number=st.integers(0, 99),
    made_with=st.none() | st.text(max_size=8),
)
def test_a_reference_comes_back_from_the_journal_as_it_was(key: str, name: str, scope: str, number: int, made_with: str | None) -> None:
    reference = AgentReference(key=key, name=name, kind="C", place="m:C", scope=scope, number=number, made_with=made_with)
    assert AgentReference.of_json(json.dumps(reference.to_wire())) == reference


def test_what_a_later_release_adds_is_passed_over() -> None:
    wire = AgentReference(key="k", name="n").to_wire() | {"colour": "green"}
    assert AgentReference.of_json(json.dumps(wire)) == AgentReference(key="k", name="n")


def test_the_arguments_of_an_older_journal_are_those_by_name() -> None:
    place = f"{Clerk.__module__}:Clerk"
    wire = AgentReference(key="k", name="clerk", place=place, made_with={"count": 2, "sides": ["salad"]}).to_wire()
    clerk = found(json.dumps(wire))
    assert isinstance(clerk, Clerk)
    assert (clerk.args, clerk.named) == ((), {"count": 2, "sides": ["salad"]})
