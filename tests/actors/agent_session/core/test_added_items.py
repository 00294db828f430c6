"""What the history gains is told item by item, with the ids that it has there."""

from protocols import CancelResponse, ConversationItemAdded, Role, SendText
from support.session_world import CHECKED, World


def added(world: World) -> list[ConversationItemAdded]:
    return [pushed.event for pushed in world.passing if isinstance(pushed.event, ConversationItemAdded)]


def world_of() -> World:
    world = World(CHECKED)
    world.subscribe()
    world.settle()
    return world


def test_every_item_of_a_turn_is_told_once_as_it_stands_in_the_history() -> None:
    world = world_of()
    world.send("use look")
    world.settle()
    items = list(world.state.memory.history)
    assert [event.item_id for event in added(world)] == [item.id for item in items]
    assert [(event.kind, event.role, event.text) for event in added(world)] == [
        ("message", Role.USER, "use look"),
        ("message", Role.ASSISTANT, "One moment."),
        ("function_call", "", "{}"),
        ("function_call_output", "", "done"),
        ("message", Role.ASSISTANT, "It came back: done."),
    ]
    world.send("hello")
    world.settle()
    assert [event.text for event in added(world)][5:] == ["hello", "You said hello. Anything else?"]


def test_of_what_was_stopped_it_is_told_what_was_heard() -> None:
    world = world_of()
    world.command(SendText(command_id="one", text="hello"))
    world.commit_all()
    assert world.think()
    world.command(CancelResponse(command_id="stop"))
    world.settle()
    assert [(event.text, event.interrupted) for event in added(world)] == [("hello", False), ("You said hello.", True)]
