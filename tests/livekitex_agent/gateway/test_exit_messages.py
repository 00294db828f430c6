import pytest

from livekitex_agent.gateway.exit_messages import CURE_FIRST, KILLER, READ_LOG, START_AGAIN, launcher_ended, why_ended
from protocols import ExitReason

KILLED = f"process was killed by SIGKILL ({KILLER}): {START_AGAIN}"


@pytest.mark.parametrize(
    ("reason", "why", "said"),
    [
        ("killed", "", f"its root {KILLED}"),
        ("killed:admin", "", f"its admin {KILLED}"),
        ("error:admin: SIGSEGV", "", f"its root process failed (admin: SIGSEGV): {CURE_FIRST}"),
        ("error:hung", "", f"its root process hung, gave no answer for 4 s and was killed: {START_AGAIN}"),
        ("error:ValueError: no", "", f"its root process failed (ValueError: no): {CURE_FIRST}"),
        ("error", "", f"its root process failed (without a word): {CURE_FIRST}"),
        ("shutdown", "more than 10 restarts", f"its supervision tree gave up, it took more than 10 restarts: {CURE_FIRST}"),
        ("shutdown", "", f"its supervision tree has ended (shutdown): {START_AGAIN}"),
    ],
)
def test_each_end_of_the_tree_is_told_from_the_others_with_its_cure(reason: str, why: str, said: str) -> None:
    assert why_ended(ExitReason.parse(reason), why, was_up=True) == said


@pytest.mark.parametrize("reason", ["error:ValueError: no", "shutdown:failed_to_start_child:a:error:ValueError: no"])
def test_a_start_that_fails_is_told_with_its_reason(reason: str) -> None:
    assert why_ended(ExitReason.parse(reason), "", was_up=False) == reason
    assert why_ended(ExitReason.parse("killed:admin"), "", was_up=False) == f"its admin {KILLED}"


@pytest.mark.parametrize(
    ("fate", "said"),
    [
        ("killed by SIGKILL", f"its launcher {KILLED}"),
        ("killed by SIGSEGV", f"its launcher process was killed by SIGSEGV: {READ_LOG}"),
        ("exited with code 1", f"its launcher process exited with code 1: {READ_LOG}"),
        (None, f"its launcher closed the connection: {READ_LOG}"),
    ],
)
def test_a_launcher_that_said_nothing_is_told_by_its_fate(fate: str | None, said: str) -> None:
    assert launcher_ended(fate) == said
