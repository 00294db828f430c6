import asyncio
from typing import Any

import pytest

from actors.media import resample
from actors.providers.offline import moonshine, moonshine_stt
from actors.providers.offline.hibari import HibariTTS
from protocols import ConfigurationError, ProviderError

pytestmark = pytest.mark.asyncio


def speech(text: str) -> bytes:
    return resample(b"".join(part.tobytes() for part in HibariTTS().sentences(text)), 24_000, 16_000)


async def test_an_utterance_becomes_its_text() -> None:
    assert (await moonshine_stt({}).recognize(speech("I would like two pizzas, please."))).text == "I would like two pizzas, please."


async def test_utterances_at_once_do_not_disturb_each_other() -> None:
    stt = moonshine_stt({})
    texts = ["What is the price of a pizza?", "My address is twelve Baker Street.", "And also three ice creams."]
    assert [heard.text for heard in await asyncio.gather(*(stt.recognize(speech(text)) for text in texts))] == texts


async def test_less_than_a_quarter_second_is_not_recognised() -> None:
    assert (await moonshine_stt({}).recognize(b"\1\0" * 3_999)).text == ""


@pytest.mark.parametrize("pcm", [b"\0", bytes(2 * 60 * 16_000 + 2)])
async def test_what_is_no_utterance_is_refused(pcm: bytes) -> None:
    with pytest.raises(ProviderError) as failure:
        await moonshine_stt({}).recognize(pcm)
    assert not failure.value.retryable


async def test_a_cancelled_recognition_leaves_the_recogniser_usable() -> None:
    stt = moonshine_stt({})
    task = asyncio.create_task(stt.recognize(speech("My address is twelve Baker Street.")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await stt.recognize(speech("And one salad."))).text == "And one salad."


async def test_a_failure_of_the_library_is_a_provider_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def transcribe_without_streaming(self, *args: Any) -> None:
            raise RuntimeError("no memory")

    monkeypatch.setattr(moonshine, "_model", Broken)
    with pytest.raises(ProviderError, match="no memory"):
        await moonshine.MoonshineSTT().recognize(bytes(16_000))


async def test_a_model_that_cannot_load_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Library:
        class ModelArch:
            TINY = 0

        def get_model_path(self, name: str) -> str:
            return name

        def Transcriber(self, *args: Any, **options: Any) -> None:  # noqa: N802 - the library's name
            raise OSError("version GLIBC_2.34 not found")

    monkeypatch.setattr(moonshine, "load_library", lambda name: Library())
    with pytest.raises(ConfigurationError, match=r"GLIBC_2.34 not found.*needs Linux with glibc 2.34"):
        moonshine._model.__wrapped__()
