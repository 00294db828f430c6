"""What is made of a provider once, for each who has it."""

import gc

from livekitex_agent.program.derived import Derived


class Holder:
    """An agent, say."""


def test_it_is_made_once_for_a_holder_and_a_source_and_again_for_another_of_either() -> None:
    derived, holder, other, source = Derived(), Holder(), Holder(), object()
    first = derived.of(holder, "tts", source, object)
    assert derived.of(holder, "tts", source, object) is first
    assert derived.of(holder, "stt", source, object) is not first
    assert derived.of(other, "tts", source, object) is not first
    second = derived.of(holder, "tts", object(), object)
    assert second is not first


def test_it_is_kept_as_long_as_its_holder() -> None:
    derived, holder, made = Derived(), Holder(), list[int]()

    class Made:
        def __del__(self) -> None:
            made.append(1)

    derived.of(holder, "tts", None, Made)
    gc.collect()
    assert made == []
    del holder
    gc.collect()
    assert made == [1]
