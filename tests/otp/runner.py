"""Plays the actions of a scenario in a world and records what is seen, in the form of the trace file. It sees no expectation."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from otp.driver import Call, Driver, Entry
from otp.schema import Action, Spec

CALLS = frozenset({"stop", "start_child", "terminate_child", "restart_child", "delete_child", "which_children", "count_children"})


class Runner:
    """Plays one scenario."""

    def __init__(self, driver: Driver, root: Spec) -> None:
        self.driver = driver
        self.root = root
        self.started: list[Call] = []
        self.first_second: int | None = None
        self.reported = 0
        self.before: frozenset[str] = frozenset()

    def step(self, action: Action) -> dict[str, Any]:
        """Do ``action``; what was seen, as the schema's ``expect``."""
        begin_ms = self.driver.now_ms
        result = self._do(action)
        if action["do"] == "await" or action.get("async") or not action.get("wait", True):
            if callable(result):
                result = result()
            return {"result": result}
        self.driver.settle()
        if callable(result):
            result = result()
        return {"result": result} | self._seen(action, begin_ms)

    def final(self) -> dict[str, Any]:
        """The end of the scenario."""
        alive = self.driver.alive()
        root = self.root["id"]
        return {"root_alive": any(name.rpartition("#")[0] == root for name in alive), "alive": sorted(alive)}

    def _do(self, action: Action) -> Any:
        """The result, or a function that has it once the world has come to rest."""
        match action["do"]:
            case "boot":
                return self._result_of(self.driver.boot(self.root))
            case do if do in CALLS:
                call = self.driver.call(action)
                if not action.get("async"):
                    return self._result_of(call)
                self.started.append(call)
                return "async"
            case "join":
                calls, self.started = self.started, []
                return lambda: [self._result_of(call)() for call in calls]
            case "await":
                return "ok" if self.driver.await_event(action["event"]) else "error:timeout"
            case _:
                self._happen(action)
                return "ok"

    def _happen(self, action: Action) -> None:
        driver = self.driver
        match action["do"]:
            case "crash":
                driver.crash(action["id"], action["reason"])
            case "crash_together":
                driver.crash_together(action["sup"], action["ids"], action["reason"])
            case "exit_signal":
                driver.exit_signal(action["id"], action["reason"])
            case "parent_exit":
                driver.parent_exit(action["reason"])
            case "parent_die":
                driver.parent_die(action["reason"])
            case "sleep":
                driver.sleep(action["ms"])
            case "clock":
                driver.sleep(self._until_phase(action["second"], action["phase_ms"]))
            case unknown:
                raise ValueError(f"unknown action {unknown}")

    def _result_of(self, call: Call) -> Callable[[], Any]:
        def result() -> Any:
            if call.result is None:
                self.driver.await_result(call)
            return _without_types(call.result)

        return result

    def _until_phase(self, second: int, phase_ms: float) -> float:
        if self.first_second is None:
            self.first_second = int(self.driver.now_ms // 1000) + 1
        return max(0.0, (self.first_second + second) * 1000 + phase_ms - self.driver.now_ms)

    def _seen(self, action: Action, begin_ms: float) -> dict[str, Any]:
        entries = [entry for entry in self.driver.log[self.reported :] if not _dropped(entry.text, action.get("drop", ()))]
        self.reported = len(self.driver.log)
        alive, before = self.driver.alive(), self.before
        self.before = alive
        texts = [entry.text for entry in entries]
        order = action.get("order", "total")
        seen: dict[str, Any] = {
            "order": order,
            "events": sorted(texts) if order == "any" else texts,
            "unchanged": sorted(before & alive),
            "tree": self.driver.tree(),
        }
        if "before" in action:
            seen["before_holds"] = [_holds(texts, pair) for pair in action["before"]]
        if "elapsed_ms" in action:
            seen["elapsed_in_range"] = _elapsed_in(entries, begin_ms, action["elapsed_ms"])
        return seen


def observe(driver: Driver, root: Spec, actions: Sequence[Action]) -> tuple[list[dict[str, Any]], Mapping[str, Any]]:
    """Play a whole scenario: what each step saw, and the end."""
    runner = Runner(driver, root)
    return [runner.step(action) for action in actions], runner.final()


def _without_types(result: Any) -> Any:
    """The schema leaves the types out of what ``which_children`` returns."""
    return [{"id": row["id"], "pid": row["pid"]} for row in result] if isinstance(result, list) else result


def _dropped(text: str, drop: Sequence[str]) -> bool:
    return any(text == event or text.startswith(f"{event} ") for event in drop)


def _holds(texts: Sequence[str], pair: Sequence[str]) -> bool:
    first, second = pair
    return first in texts and second in texts and texts.index(first) < texts.index(second)


def _elapsed_in(entries: Sequence[Entry], begin_ms: float, bounds: Sequence[float]) -> bool:
    low, high = bounds
    elapsed = entries[-1].at_ms - begin_ms if entries else 0.0
    return low <= elapsed <= high
