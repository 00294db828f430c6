"""A program as it travels: where it is, and what its job is."""

from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import load_reference
from livekitex_agent import ProgramPlace
from livekitex_agent.program.place import RUNNER
from livekitex_agent.program.runner import ProgramRunner
from protocols import ConfigurationError, InvalidAgentError, LivekitexError, ProviderKind

KINDS = [str(kind) for kind in ProviderKind]
FIELDS = ("server", "agent_name", "metadata", "room", "base_url")


@given(
    facts=st.fixed_dictionaries({}, optional={name: st.text(max_size=9) for name in FIELDS}),
    providers=st.dictionaries(st.sampled_from(KINDS), st.sampled_from(["none", "openai:gpt"])),
)
def test_all_of_it_travels(facts: dict[str, str], providers: dict[str, str]) -> None:
    wire = ProgramPlace(place="shop.waiter", providers=providers, **facts).to_wire()  # type: ignore[arg-type]
    expected = dict.fromkeys(FIELDS, "") | facts | {"runner": RUNNER, "place": "shop.waiter", "providers": providers}
    assert wire == {"program": expected}
    assert msgpack.unpackb(msgpack.packb(wire)) == wire


def test_what_runs_it_is_found_in_what_travels() -> None:
    assert load_reference(ProgramPlace(place="shop").to_wire()["program"]["runner"]) is ProgramRunner


def test_providers_that_change_after_it_was_made_do_not_change_what_has_travelled() -> None:
    providers = {"llm": "none"}
    wire = ProgramPlace(place="shop", providers=providers).to_wire()
    providers["tts"] = "none"
    assert wire["program"]["providers"] == {"llm": "none"}


@pytest.mark.parametrize("place", ["shop", "shop.waiter", "_a.b1", "/srv/shop.py", "/srv/with blank/shop"])
def test_a_module_or_an_absolute_path_is_a_place(place: str) -> None:
    assert ProgramPlace(place=place).place == place


@pytest.mark.parametrize("place", ["", ".", "shop.py/waiter", "./shop.py", "shop..waiter", ".shop", "~/shop.py", "2shop", "a b"])
def test_anything_else_is_none_and_says_what_is(place: str) -> None:
    with pytest.raises(InvalidAgentError, match="give the absolute path of a script, or the name of a module"):
        ProgramPlace(place=place)


def test_a_relative_script_is_none_although_its_name_may_be_a_modules(tmp_path: Path) -> None:
    assert ProgramPlace(place="waiter.py").place == "waiter.py", "the module py of the package waiter"
    assert ProgramPlace(place=str(tmp_path / "waiter.py")).to_wire()["program"]["place"] == str(tmp_path / "waiter.py")


@pytest.mark.parametrize("field", ["place", *FIELDS])
@pytest.mark.parametrize("value", [None, 5, b"text", Path("/a")])
def test_a_field_that_is_no_text_is_named(field: str, value: Any) -> None:
    with pytest.raises(InvalidAgentError, match=f"{field} is a {type(value).__name__}: give text"):
        ProgramPlace(**{"place": "shop", field: value})


@pytest.mark.parametrize("providers", [{"brain": "none"}, {"llm": 5}, {"llm": None}, None, "llm", ["llm"], 5, {5: "none"}])
def test_providers_are_names_by_their_kind(providers: Any) -> None:
    with pytest.raises(InvalidAgentError, match=f"give names, by {', '.join(ProviderKind)}"):
        ProgramPlace(place="shop", providers=providers)


@pytest.mark.parametrize("secret", ["sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"])
def test_a_secret_does_not_travel(secret: str) -> None:
    with pytest.raises(LivekitexError) as refused:
        ProgramPlace(place="shop", providers={"llm": secret})
    assert isinstance(refused.value, ConfigurationError | InvalidAgentError)
    assert secret not in str(refused.value)


def test_equal_ones_are_equal_and_may_be_keys() -> None:
    assert ProgramPlace(place="shop") == ProgramPlace(place="shop")
    assert len({ProgramPlace(place="shop"), ProgramPlace(place="shop", providers={"llm": "none"}), ProgramPlace(place="bar")}) == 3
