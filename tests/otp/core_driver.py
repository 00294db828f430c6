"""A world in which supervisors are machines of the core, in virtual time."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from otp.calls import actor_paths, parse_reason, refused_by_caller, request_of
from otp.driver import Call, Entry
from otp.processes import Parent, PendingCall, Process, SupervisorProcess, Worker
from otp.schema import DYNAMIC_SUPERVISOR, TRAPPING_WORKER, WORKER, Action, Spec, child_wire
from otp.world import World
from protocols import CountChildren, WhichChildren
from supervision.core import events as on
from supervision.core.child_spec import ChildSpec
from supervision.core.dynamic_machine import dynamic_machine_from_wire
from supervision.core.supervisor_machine import supervisor_machine_from_wire


class Outside:
    """Starts the root, and learns how that went."""

    def __init__(self, boot: PendingCall) -> None:
        self.boot = boot

    def told(self, child: Process, event: on.Event) -> None:
        """The fate of the root."""
        if isinstance(event, on.ChildStarted):
            self.boot.resolve(f"ok:{child.name}")
        elif isinstance(event, on.ChildIgnored):
            self.boot.resolve("ignore")
        elif isinstance(event, on.ChildStartFailed):
            self.boot.resolve(f"error:{event.reason}")


class CoreDriver:
    """See `Driver`."""

    def __init__(self) -> None:
        self.world = World()
        self.processes: list[Process] = []
        self.actors: dict[str, str] = {}

    @property
    def log(self) -> Sequence[Entry]:
        """See `Driver.log`."""
        return self.world.log

    @property
    def now_ms(self) -> float:
        """See `Driver.now_ms`."""
        return self.world.now_ms

    def boot(self, root: Spec) -> PendingCall:
        """See `Driver.boot`."""
        self.actors |= actor_paths(root)
        call = PendingCall()
        as_a_child = {"restart": "temporary", "significant": False}  # nobody supervises the root
        self._spawn(ChildSpec.from_wire(child_wire(root) | as_a_child), "root", Outside(call))
        self._rest_now()
        return call

    def call(self, action: Action) -> PendingCall:
        """See `Driver.call`."""
        call = PendingCall(action.get("reason", ""))
        is_stop = action["do"] == "stop"
        target = self._living(action["id" if is_stop else "sup"])
        if action["do"] == "start_child":
            self.actors |= actor_paths(action["child"])
        refusal = refused_by_caller(action, self.actors)
        if refusal:
            call.resolve(refusal)
        elif target is None:
            call.resolve("exit:noproc")
        elif is_stop:
            target.calls.append(call)
            target.deliver(partial(target.on_stop, call))
        elif isinstance(target, SupervisorProcess):
            target.calls.append(call)
            request = request_of(action, self._last_up(action.get("id", "")))
            target.deliver(partial(target.feed, on.Called(call, request)))
        self._rest_now()
        return call

    def crash(self, child_id: str, reason: str) -> None:
        """See `Driver.crash`."""
        process = self._living(child_id)
        if process is not None and reason == "kill":
            process.kill()
        elif process is not None:
            process.deliver(partial(process.on_crash, parse_reason(reason)))
        self._rest_now()

    def crash_together(self, sup: str, ids: Sequence[str], reason: str) -> None:
        """See `Driver.crash_together`."""
        supervisor = self._living(sup)
        assert isinstance(supervisor, SupervisorProcess)
        supervisor.suspend()
        for child_id in ids:
            self.crash(child_id, reason)
        supervisor.resume()
        self._rest_now()

    def exit_signal(self, child_id: str, reason: str) -> None:
        """See `Driver.exit_signal`."""
        self._signal(self._living(child_id), reason, from_parent=False)

    def parent_exit(self, reason: str) -> None:
        """See `Driver.parent_exit`."""
        self._signal(self.processes[0], reason, from_parent=True)

    def parent_die(self, reason: str) -> None:
        """See `Driver.parent_die`. The signal of a link can be trapped, whatever the reason."""
        self._signal(self.processes[0], "killed" if reason == "kill" else reason, from_parent=True)

    def sleep(self, ms: float) -> None:
        """See `Driver.sleep`."""
        self.world.run(until_ms=self.world.now_ms + ms)

    def await_event(self, event: str) -> bool:
        """See `Driver.await_event`."""

        def seen() -> bool:
            return any(entry.text == event or entry.text.startswith(f"{event} ") for entry in self.world.log)

        self.world.run(until=seen)
        self._rest_now()
        return seen()

    def await_result(self, call: Call) -> None:
        """See `Driver.await_result`."""
        self.world.run(until=lambda: call.result is not None)

    def settle(self) -> None:
        """See `Driver.settle`."""
        self.world.run()

    def alive(self) -> frozenset[str]:
        """See `Driver.alive`."""
        return frozenset(process.name for process in self.processes if process.up and not process.over)

    def tree(self) -> list[dict[str, Any]]:
        """See `Driver.tree`."""
        supervisors = [process for process in self.processes if isinstance(process, SupervisorProcess)]
        return [self._described(supervisor) for supervisor in supervisors if supervisor.up and not supervisor.over]

    def close(self) -> None:
        """See `Driver.close`."""

    def _described(self, supervisor: SupervisorProcess) -> dict[str, Any]:
        children = self._ask(supervisor, WhichChildren())
        return {"sup": supervisor.name, "children": children, "counts": self._ask(supervisor, CountChildren())}

    def _ask(self, supervisor: SupervisorProcess, request: on.Request) -> Any:
        call = PendingCall()
        supervisor.feed(on.Called(call, request))
        return call.result

    def _spawn(self, spec: ChildSpec, uid: str, parent: Parent) -> Process:
        process: Process
        if spec.actor in (WORKER, TRAPPING_WORKER):
            process = Worker(self.world, spec, uid, parent)
        else:
            make = dynamic_machine_from_wire if spec.actor == DYNAMIC_SUPERVISOR else supervisor_machine_from_wire
            process = SupervisorProcess(self.world, spec, uid, parent, spawn=self._spawn, make=make)
        self.processes.append(process)
        self.world.post(process.begin)
        return process

    def _signal(self, process: Process | None, reason: str, *, from_parent: bool) -> None:
        if process is not None and reason == "kill":
            process.kill()
        elif process is not None:
            process.signal(parse_reason(reason), from_parent=from_parent)
        self._rest_now()

    def _living(self, process_id: str) -> Process | None:
        """The newest process of that id which is not over."""
        return next((process for process in reversed(self.processes) if process.spec.id == process_id and not process.over), None)

    def _last_up(self, child_id: str) -> str:
        """The life of that id which came up last."""
        return next((process.uid for process in reversed(self.processes) if process.spec.id == child_id and process.up), "?")

    def _rest_now(self) -> None:
        """Let everything happen that needs no time."""
        self.world.run(until_ms=self.world.now_ms)
