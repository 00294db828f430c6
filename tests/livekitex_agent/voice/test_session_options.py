from livekitex_agent import AgentSession
from livekitex_agent.voice.session_options import AgentSessionOptions


def test_a_session_tells_what_it_was_told() -> None:
    turns = {"endpointing": {"min_delay": 0.3}, "preemptive_generation": False}
    options = AgentSession[None](turn_handling=turns, max_tool_steps=7, user_away_timeout=None, tts_text_transforms=None).options
    assert options == AgentSessionOptions(turn_handling=turns, max_tool_steps=7, user_away_timeout=None, tts_text_transforms=())
    assert (options.endpointing, options.interruption, options.preemptive_generation) == ({"min_delay": 0.3}, {}, {"enabled": False})


def test_without_a_word_it_has_its_defaults() -> None:
    options = AgentSession[None]().options
    assert (options.turn_handling, options.max_tool_steps, options.user_away_timeout) == ({}, 3, 15.0)
