"""How the world of a session comes to rest while tools go on."""

from support.session_world import World


def rest(world: World, *, heard: str = "hello", waits: bool = True) -> World:
    """Everything happens that can, but for tools, which go on running; time passes."""
    for _ in range(10_000):
        world.now += 0.001
        if not (
            world.commit()
            or world.hear_again()
            or world.think()
            or world.recognize(heard)
            or world.load_agent()
            or world.play()
            or world.gather()
            or (waits and world.wait())
        ):
            return world
    raise AssertionError("the conversation does not come to rest")


def finish(world: World, result: str = "done", *, last: bool = False, heard: str = "hello") -> None:
    """The oldest tool ends, or the ``last`` that was begun."""
    assert world.finish_tool(result, last=last)
    rest(world, heard=heard)
