import asyncio

import pytest

from protocols import LLM, STT, TTS, Provider, RealtimeModel, label_of


class Plain(Provider):
    """Has what every provider has."""


class Named(Provider):
    label = "acme/one"


@pytest.mark.parametrize("contract", [STT, LLM, TTS, RealtimeModel])
def test_every_contract_has_a_name_a_beginning_and_an_end(contract: type) -> None:
    assert Provider in contract.__mro__


def test_a_provider_is_called_as_its_class_unless_it_says_otherwise() -> None:
    assert Plain().label == f"{__name__}.Plain"
    assert Named().label == "acme/one"


def test_by_default_there_is_nothing_to_load_and_nothing_to_give_back() -> None:
    plain = Plain()
    for _ in range(2):
        plain.prewarm()
        asyncio.run(plain.aclose())


class Broken:
    @property
    def label(self) -> str:
        raise RuntimeError("no name")


class Odd:
    label = 5


class Empty:
    label = ""


class Bare:
    pass


@pytest.mark.parametrize("kind", [Broken, Odd, Empty, Bare])
def test_what_has_no_usable_label_is_called_as_its_class(kind: type) -> None:
    assert label_of(kind()) == f"{__name__}.{kind.__name__}"


def test_a_label_is_read() -> None:
    assert label_of(Named()) == "acme/one"
