import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.tool_registry.catalogue import MAX_BYTES, MAX_TOOLS, Catalogue, register, unregister, used
from protocols import MAX_WIRE_BYTES, CapacityError, Envelope, InvalidToolError, ToolEntry, Tools, encode_envelope


def tool(name: str, *, source: str = "shop:f", description: str = "") -> ToolEntry:
    return ToolEntry(name=name, description=description, parameters={"type": "object"}, source=source)


def test_tools_are_listed_in_order_and_forgotten() -> None:
    catalogue = register(Catalogue(), [tool("price_of"), tool("add"), tool("pricey")])
    assert [entry.name for entry in catalogue.list_tools("")] == ["add", "price_of", "pricey"]
    catalogue = unregister(unregister(catalogue, "pricey"), "unknown")
    assert [entry.name for entry in catalogue.list_tools("pri")] == ["price_of"]


def test_figures_stay_with_name_and_source() -> None:
    catalogue = used(register(Catalogue(), [tool("a")]), "a", 5.0, ok=True)
    catalogue = used(catalogue, "a", 2.5, ok=False)
    again = register(catalogue, [replace(tool("a", description="new"), calls=99)])
    assert again.tools["a"] == replace(tool("a", description="new"), calls=2, failures=1, total_ms=7.5)
    assert register(again, [tool("a", source="other:f")]).tools["a"].calls == 0


def test_uses_of_unknown_tools_and_impossible_durations_spoil_nothing() -> None:
    catalogue = used(register(Catalogue(), [tool("a")]), "b", 5.0, ok=True)
    for duration_ms in (math.nan, math.inf, -1.0):
        catalogue = used(catalogue, "a", duration_ms, ok=True)
    assert (catalogue.unknown_uses, catalogue.tools["a"].calls, catalogue.tools["a"].total_ms) == (1, 3, 0.0)


def test_it_takes_all_or_none() -> None:
    before = register(Catalogue(), [tool("a")])
    with pytest.raises(InvalidToolError, match="no name"):
        register(before, [tool("b"), tool("not a name")])
    with pytest.raises(InvalidToolError, match=r"two tools are called b, from shop:f and from other:f"):
        register(before, [tool("b"), tool("b", source="other:f")])
    assert register(before, [tool("b"), tool("b")]).tools.keys() == {"a", "b"}


def test_the_number_of_tools_is_bounded() -> None:
    full = register(Catalogue(), [tool(f"t{n}") for n in range(MAX_TOOLS)])
    with pytest.raises(CapacityError, match="unregister some"):
        register(full, [tool("one-more")])
    assert register(full, [tool("t0")]) == full


def test_the_fullest_catalogue_can_be_listed_in_one_message() -> None:
    tools = [tool(f"t{number}", description="x" * 4_000) for number in range(128)]
    catalogue = register(Catalogue(), tools[:-1])
    with pytest.raises(CapacityError, match=str(MAX_BYTES)):
        register(catalogue, tools[-1:])
    message = Tools(tools=catalogue.list_tools(""))
    size = len(encode_envelope(Envelope(message=message, message_id="m", to_id="i", to_uid="u")))
    assert MAX_BYTES - 5_000 < size < MAX_WIRE_BYTES


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["register", "other", "unregister", "ok", "failed"])), max_size=40))
def test_figures_are_what_was_reported_since_the_registration(steps: list[tuple[str, str]]) -> None:
    catalogue = Catalogue()
    model: dict[str, list[object]] = {}
    for name, what in steps:
        if what in {"register", "other"}:
            source = f"{what}:f"
            catalogue = register(catalogue, [tool(name, source=source)])
            if name not in model or model[name][0] != source:
                model[name] = [source, 0, 0]
        elif what == "unregister":
            catalogue = unregister(catalogue, name)
            model.pop(name, None)
        else:
            catalogue = used(catalogue, name, 1.0, ok=what == "ok")
            if name in model:
                source, calls, failures = model[name]
                assert isinstance(calls, int)
                assert isinstance(failures, int)
                model[name] = [source, calls + 1, failures + (what == "failed")]
    assert {entry.name: [entry.source, entry.calls, entry.failures] for entry in catalogue.list_tools("")} == model
