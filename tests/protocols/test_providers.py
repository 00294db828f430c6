from protocols import ProviderKind, ProviderRef, pack, unpack


def test_a_provider_travels_as_its_factory_and_options() -> None:
    ref = ProviderRef(factory="actors:offline_tts", options={"speed": 1.5})
    assert unpack(ProviderRef, pack(ProviderRef, ref)) == ref


def test_the_kinds_are_the_parts_of_a_voice_agent() -> None:
    assert [str(kind) for kind in ProviderKind] == ["vad", "stt", "turn_detector", "llm", "tts"]
