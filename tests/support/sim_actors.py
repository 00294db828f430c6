"""Actors for the tests of the simulated runtime: what they do is said by their arguments and by `SendText` commands."""

from collections.abc import Mapping
from typing import Any

from protocols import ExitReason, Figures, GetFigures, Message, SendText
from supervision.actor import Actor, ActorStart, ChildEvent, Ignore, StopStart


class Node(Actor):
    """Starts the children of ``args["children"]`` (maps of fields of `ActorStart`), notes everything, and obeys commands."""

    def on_start(self, args: Mapping[str, Any]) -> None:
        self.args = args
        self.notes: list[str] = []
        match args.get("start"):
            case "ignore":
                raise Ignore
            case "fail":
                raise StopStart(ExitReason.parse("error:init_failed"))
            case "defer":
                self.done = self.context.defer_start()
        for child in args.get("children", ()):
            self.spawn(child)

    def spawn(self, child: Mapping[str, Any]) -> str:
        fields = {"actor": "support.sim_actors:Node", "uid": self.context.entropy.hex_id(), **child}
        self.context.spawn(ActorStart(**fields))
        return str(fields["uid"])

    def on_message(self, message: Message) -> None:
        match message:
            case GetFigures():
                self.context.reply(Figures(role=self.context.self_ref.id, figures={"notes": self.notes}))
            case SendText(command_id=verb, text=text):
                self.notes.append(f"{verb} {text}".rstrip())
                self.obey(verb, text)

    def obey(self, verb: str, text: str) -> None:
        match verb:
            case "raise":
                raise ValueError(text)
            case "exit":
                self.context.exit(ExitReason.parse(text))
            case "tell parent":
                assert self.context.parent
                self.context.send(self.context.parent, SendText(command_id="heard", text=text))
            case "after":
                self.context.after(float(text), lambda: self.notes.append(f"fired {text}"))
            case "busy":
                self.context.after(0.0, lambda: self.obey("busy", ""))
            case "acknowledge":
                self.context.acknowledge_start()
            case "done":
                self.done()
            case "write":
                assert self.context.memory
                self.context.memory[: len(text)] = text.encode()

    def on_child(self, event: ChildEvent) -> None:
        self.notes.append(type(event).__name__)

    def terminate(self, reason: ExitReason) -> None:
        self.notes.append(f"terminate {reason}")


class TrappingNode(Node):
    """Notes signals, and ends ``args["linger_s"]`` seconds after its parent has asked it to."""

    trap_exit = True

    def on_shutdown(self, reason: ExitReason) -> None:
        self.notes.append(f"shutdown {reason}")
        self.context.after(self.args.get("linger_s", 0.0), lambda: self.context.exit(reason))

    def on_exit_signal(self, reason: ExitReason) -> None:
        self.notes.append(f"signal {reason}")


def do(verb: str, text: str = "") -> SendText:
    """A command to a `Node`."""
    return SendText(command_id=verb, text=text)
