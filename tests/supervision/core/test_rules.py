from typing import get_args

from supervision.core import DynamicFlags, SupervisorFlags, dynamic_machine, rules, supervisor_machine


def test_both_kinds_of_supervisor_answer_every_question() -> None:
    questions = {name for name in vars(rules.Rules) if not name.startswith("_")}
    for machine in (supervisor_machine(SupervisorFlags(), [], uid="s"), dynamic_machine(DynamicFlags(), uid="d")):
        assert questions <= set(dir(machine.rules))


def test_a_decision_is_an_answer_or_work() -> None:
    assert {rules.AddChild, rules.StartAgain, rules.StopChild, rules.DropChild} < set(get_args(rules.Decision))
