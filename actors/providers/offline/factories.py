"""The factories of the offline providers, named in a `ProviderRef` as ``actors.providers.offline:<function>``.

Each refuses unknown options before it loads anything. What is loaded stays in the process, for the next session too.
"""

from collections.abc import Mapping
from typing import Any, Final

from actors.providers.offline.libraries import load_library, prepare_libraries
from actors.providers.options import OptionReader
from protocols import LLM, STT, TTS

MAX_DELAY_MS: Final = 60_000


def moonshine_stt(options: Mapping[str, Any]) -> STT:
    """Speech recognition by Moonshine's model tiny-en. No options.

    Raises:
        MissingExtraError: the extra ``offline`` is not installed.
        ConfigurationError: an unknown option.
    """
    OptionReader("moonshine_stt", options).finish()
    prepare_libraries()
    from actors.providers.offline.moonshine import MoonshineSTT

    return MoonshineSTT()


def hibari_tts(options: Mapping[str, Any]) -> TTS:
    """Speech by Hibari's voice "heart".

    Options: ``speed`` (0.5 to 2, default 1) and ``pitch`` (0.7 to 1.4, default 1; 0.85 is another speaker).

    Raises:
        MissingExtraError: the extra ``offline`` is not installed.
        ConfigurationError: an unknown option, or a value out of its range.
    """
    reader = OptionReader("hibari_tts", options)
    speed = reader.number("speed", 1.0, lowest=0.5, highest=2.0)
    pitch = reader.number("pitch", 1.0, lowest=0.7, highest=1.4)
    reader.finish()
    prepare_libraries()
    from actors.providers.offline.hibari import HibariTTS

    return HibariTTS(speed=speed, pitch=pitch)


def rule_llm(options: Mapping[str, Any]) -> LLM:
    """A brain made of rules. Options: those of `rules.Rules`, and ``first_token_delay_ms`` (0 to 60,000, default 0).

    Raises:
        MissingExtraError: the extra ``offline`` is not installed.
        ConfigurationError: malformed rules, or an unknown option.
    """
    load_library("rapidfuzz")
    from actors.providers.offline.brain import RuleLLM
    from actors.providers.offline.rules import read_rules

    left = dict(options)
    delay = OptionReader("rule_llm", {key: left.pop(key) for key in ("first_token_delay_ms",) if key in left})
    delay_ms = delay.number("first_token_delay_ms", 0.0, lowest=0, highest=MAX_DELAY_MS)
    return RuleLLM(read_rules(left), first_token_delay_ms=delay_ms)
