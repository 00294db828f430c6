from protocols import NORMAL, SHUTDOWN, ExitReason, GetFigures, abnormal
from supervision.actor import Actor, ChildExited, StopStart
from support.fake_context import FakeContext


def test_the_defaults_take_everything_and_end_only_when_the_parent_asks() -> None:
    context = FakeContext()
    actor = Actor(context)  # type: ignore[arg-type]
    assert actor.context is context
    assert not actor.trap_exit
    actor.on_start({})
    actor.on_message(GetFigures())
    actor.on_child(ChildExited(uid="c", reason=NORMAL))
    actor.on_exit_signal(abnormal("x"))
    actor.on_registry_changed()
    actor.terminate(NORMAL)
    answers: list[str] = []
    actor.on_ping(lambda: answers.append("pong"))
    assert answers == ["pong"]
    assert context.exited is None
    actor.on_shutdown(SHUTDOWN)
    assert context.exited == SHUTDOWN


def test_a_stopped_start_has_its_reason_and_says_it() -> None:
    stop = StopStart(ExitReason.parse("shutdown:failed_to_start_child:w:init_failed"))
    assert stop.reason.clean
    assert str(stop) == "shutdown:failed_to_start_child:w:init_failed"
