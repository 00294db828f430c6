"""Whether a call that was killed came to the same as one that was not: what each left, and how it is judged.

KEPT is the same items, the agent's sentences heard no more often, and no tool run twice. Named are two differences. An unknown outcome: the
output of a call that was at work when the process died, and no other's, has the text of `OUTCOME_UNKNOWN`, and what the agent makes of it
is another answer; from the caller's next message on the items are the same again, but where what the tool does changes what comes after
(`TURNS`, by name). A split reply: one message, whose words are those of two. And by name: what callbacks of events have started, or
remember in their process alone, is of one life (`OF_ONE_LIFE`); nothing but that may be there more or less often.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import facts
import records

from actors.agent_session.core.tools import OUTCOME_UNKNOWN

KINDS = ("KEPT", "UNKNOWN TOOL", "SPLIT REPLY", "OF ONE LIFE", "OTHER")
TURNS = {
    "10_on_exit": "it hands the call on",
    "17_handoff_return": "it hands the call on",
    "18_handoff_with_context": "it hands the call on",
    "20_task_on_enter": "it completes a task",
    "21_task_in_tool": "it awaits a task, which is left",
    "22_task_group": "it completes a task",
    "23_user_data": "it counts, and hands the call on",
    "26_update_instructions": "it changes the instructions",
    "27_update_tools": "it changes the tools",
    "36_chat_context": "it changes what the agent knows",
    "44_run_and_expect": "it hands the call on",
    "49_shutdown": "it ends the call",
    "52_session_tools": "it hands the call on",
    "55_agent_models": "it hands the call on",
    "60_task_fails": "it completes a task",
}
OF_ONE_LIFE: dict[str, list[dict[str, Any]]] = {
    # A callback gives the call to another agent: what it had asked for and the journal had not is not asked for again.
    "19_handoff_update_agent": [
        {"content": ["The night shift is here."]},
        {"new": "night-shift"},
        {"instructions": "You work at night."},
    ],
    # A callback has started a loop of its own, which is gone with its process.
    "29_loop_of_callback": [{"content": ["Are you there?"]}],
    # The wait for who is away begins anew in each life, and a callback remembers in its process alone that it has asked.
    "58_user_away": [{"content": ["Are you there?"]}],
}
"""By program, what is of one life: the items with these fields."""
State = tuple[str, int]
"""A state, and the how-manieth time that a conversation comes to it."""


@dataclass
class Outcome:
    """What a run left."""

    states: list[State] = field(default_factory=list)
    items: dict[int, list[Any]] = field(default_factory=dict)
    tools: list[tuple[str, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    killed: bool = False
    at_work: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def judge(name: str, unkilled: Outcome, killed: Outcome) -> tuple[str, str]:
    """One of `KINDS`, and what is different."""
    if killed.failures or not killed.killed:
        return "OTHER", f"failures: {killed.failures}" if killed.failures else "it was not killed: the state was not come to"
    twice = [call for call, times in Counter(killed.tools).items() if times > 1]
    if twice:
        return "OTHER", f"run twice: {twice}"
    wanted, found = unkilled.items[0], killed.items[0]
    again = Counter(killed.said) - Counter(unkilled.said)
    if name in OF_ONE_LIFE and (again or found != wanted):
        kept, kept_wanted = _of_each_life(name, found), _of_each_life(name, wanted)
        return ("OF ONE LIFE", "") if kept == kept_wanted else ("OTHER", facts.first_difference(kept_wanted, kept))
    if again and not killed.at_work:
        return "OTHER", f"said again: {dict(again)}"
    if _of_time(found) == _of_time(wanted):
        return "KEPT", ""
    if killed.at_work:
        problem = _unknown_outcome(wanted, found, killed.at_work, turns=name in TURNS)
        return ("UNKNOWN TOOL", "") if problem is None else ("OTHER", f"tools at work {killed.at_work}: {problem}")
    if any(_joined(found, place) == wanted for place in range(len(found) - 1)):
        return "SPLIT REPLY", ""
    return "OTHER", facts.first_difference(wanted, found)


def _of_each_life(name: str, items: Sequence[Any]) -> list[Any]:
    """The items without those that are `OF_ONE_LIFE`."""
    return [item for item in items if not any(item | fields == item for fields in OF_ONE_LIFE[name])]


def _of_time(items: Sequence[Any]) -> list[Any]:
    """The items, without how much of a reply was heard that the caller has interrupted: that is a matter of when he did."""
    return [item | {"content": [records.CUT]} if item.get("interrupted") else item for item in items]


def _unknown_outcome(wanted: Sequence[Any], found: Sequence[Any], at_work: Sequence[str], *, turns: bool) -> str | None:
    """What is different beside the outcomes of the tools ``at_work`` and what the agent says of them; None: nothing."""
    unknown = [item["name"] for item in found if item["type"] == "function_call_output" and item["output"] == OUTCOME_UNKNOWN]
    if not unknown or Counter(unknown) - Counter(at_work):
        return f"of unknown outcome are {unknown}"
    place = next(place for place, item in enumerate(found) if item.get("output") == OUTCOME_UNKNOWN)
    begun = next(
        before
        for before in range(place, -1, -1)
        if found[before]["type"] == "function_call" and found[before]["call"] == found[place]["call"]
    )
    if found[: begun + 1] != wanted[: begun + 1]:
        return facts.first_difference(wanted[: begun + 1], found[: begun + 1])
    if [item["content"] for item in found if item.get("role") == "user"] != [
        item["content"] for item in wanted if item.get("role") == "user"
    ]:
        return "the caller's messages are not the same"
    calls = Counter(item["call"] for item in found if item["type"] == "function_call")
    if calls != Counter(item["call"] for item in found if item["type"] == "function_call_output") or any(
        times > 1 for times in calls.values()
    ):
        return "a call has no output, or more than one"
    if turns:
        return None
    rest, rest_wanted = _from_next_message(found, begun), _from_next_message(wanted, begun)
    return None if rest == rest_wanted else f"from the next message on{facts.first_difference(rest_wanted, rest)}"


def _from_next_message(items: Sequence[Any], begun: int) -> list[Any]:
    return list(items[next((place for place in range(begun, len(items)) if items[place].get("role") == "user"), len(items)) :])


def _joined(items: Sequence[Any], place: int) -> list[Any] | None:
    """The items with the reply that was split at ``place`` put together; None if none was."""
    first, second = items[place], items[place + 1]
    if not all(item.get("role") == "assistant" for item in (first, second)) or not first["interrupted"]:
        return None
    whole = second | {"content": [" ".join([*first["content"], *second["content"]])]}
    return [*items[:place], whole, *items[place + 2 :]]
