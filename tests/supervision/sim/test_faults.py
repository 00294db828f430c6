from collections.abc import Callable

import pytest

from protocols import GetFigures, Message, Ping, Pong
from supervision.sim.faults import Copies, Match, Passing, Rule, doubled, late, lost, passes

Change = Callable[[Copies], Copies]


def passing(message: Message, sender: str = "a", to: str = "b") -> Passing:
    return Passing(sender=sender, to=to, message=message)


@pytest.mark.parametrize(
    ("match", "concerned"),
    [
        (Match(), True),
        (Match(message=Ping), True),
        (Match(message=(Pong, Ping)), True),
        (Match(message=Pong), False),
        (Match(sender="agent_session/*"), True),
        (Match(sender="agent_session"), False),
        (Match(to="r?gistry"), True),
        (Match(to="Registry"), False),
        (Match(message=Ping, sender="agent_session/1", to="x"), False),
    ],
)
def test_a_rule_concerns_classes_between_ids(match: Match, concerned: bool) -> None:
    assert match.concerns(passing(Ping(probe=1), "agent_session/1", "registry")) is concerned


def test_without_rules_a_message_arrives_once_and_at_once() -> None:
    assert passes([], passing(Ping(probe=1))) == ((0.0,), ())


DROP = ("drop", lost)
DELAY = ("delay", late(1.5))
DOUBLE = ("double", doubled)


@pytest.mark.parametrize(
    ("faults", "copies"),
    [
        ([DROP], ()),
        ([DELAY], (1.5,)),
        ([DOUBLE], (0.0, 0.0)),
        ([DOUBLE, DELAY, DELAY], (3.0, 3.0)),
        ([DELAY, DROP, DOUBLE], ()),
    ],
)
def test_rules_add_up_in_order(faults: list[tuple[str, Change]], copies: Copies) -> None:
    rules = [Rule(name, Match(), change) for name, change in faults]
    assert passes(rules, passing(Ping(probe=1))) == (copies, tuple(name for name, _ in faults))


def test_a_rule_ends_after_its_times_or_when_it_is_lifted() -> None:
    rule = Rule("drop", Match(message=Ping), lost, times=2)
    outcomes = [passes([rule], passing(message))[0] for message in (Ping(probe=1), GetFigures(), Ping(probe=2), Ping(probe=3))]
    assert outcomes == [(), (0.0,), (), (0.0,)]
    assert rule.hits == 2
    endless = Rule("drop", Match(), lost)
    assert passes([endless], passing(Ping(probe=1))) == ((), ("drop",))
    endless.lift()
    assert passes([endless], passing(Ping(probe=1))) == ((0.0,), ())
    never = Rule("drop", Match(), lost)
    never.lift()
    assert passes([never], passing(Ping(probe=1))) == ((0.0,), ())
