"""A call whose voice never works: whatever dies meanwhile, each text is done once, each speech ends, and the caller is told something."""

from actors.agent_session.core import inputs as i
from protocols import AgentSentence, CommandDone, Degraded, EndCall, SendText, SpeechDone, UserMessage
from support.session_world import SPOKEN, SpeechOutput, World


class Mute(World):
    """See the module."""

    def play(self, samples: int = 100_000) -> bool:
        """Let the next sentence fail."""
        if not self.output_open or not self.output.queue or self.output.held:
            return False
        say = self.output.queue[0].say
        self.output = SpeechOutput(stopped=(*self.output.stopped, say.speech_id))
        self.feed(i.SpeechFailed(speech_id=say.speech_id, index=say.index, text="hoarse", retryable=True))
        return True


def events(world: World, kind: type) -> list[object]:
    return [pushed.event for pushed in world.events if isinstance(pushed.event, kind)]


def test_the_first_reply_is_apologised_for_and_the_next_is_told() -> None:
    world = Mute(SPOKEN)
    world.subscribe()
    for text in ("one", "two"):
        world.send(text, text)
        world.settle()
    told = [event.text for event in events(world, AgentSentence)]  # type: ignore[attr-defined]
    assert told == [SPOKEN.apology, "You said two.", "Anything else?"]
    assert {event.to for event in events(world, Degraded)} == {"text"}  # type: ignore[attr-defined]
    assert not world.output.queue


def test_killed_after_every_single_effect_each_text_is_done_once_and_something_is_told_of_it() -> None:
    commands = (SendText(command_id="1", text="one"), SendText(command_id="2", text="use look"), EndCall(command_id="3"))
    for fuse in range(1_000):
        world = Mute(SPOKEN, fuse=fuse)
        world.subscribe()
        for command in commands:
            request = world.command(command)
            world.settle()
            while world.dead:
                world.fuse = None
                world.kill()
                world.subscribe()
                if not world.accepted(request):
                    request = world.command(command)
                world.settle()
        assert world.left, f"killed after {fuse} effects"
        assert sorted(event.command_id for event in events(world, CommandDone)) == ["1", "2", "3"]  # type: ignore[attr-defined]
        assert [event.text for event in events(world, UserMessage)] == ["one", "use look"]  # type: ignore[attr-defined]
        done = [event.speech_id for event in events(world, SpeechDone)]  # type: ignore[attr-defined]
        assert len(done) == len(set(done)) == world.state.memory.turns
        assert len(events(world, AgentSentence)) >= 2
        assert world.ran["call-1"] <= 2
        if world.lives == 1:
            break
    assert world.lives == 1
    assert fuse > 30
