"""Instructions by modality, and templates: what is missing is empty, what is given appears as it is."""

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent.llm import Instructions
from livekitex_agent.llm.instructions import safe_render

MODALITIES = st.sampled_from([None, "audio", "text"])
PARTS = st.none() | st.text()


@given(st.text(), PARTS, PARTS, PARTS, MODALITIES)
def test_without_data_braces_are_text_and_what_is_dynamic_comes_last(
    common: str, audio: str | None, text: str | None, dynamic: str | None, modality: Any
) -> None:
    instructions = Instructions(common, audio=audio, text=text, dynamic=dynamic)
    static = instructions.render_static(modality=modality)
    told = instructions.render(modality=modality)
    assert static.startswith(common)
    assert static.endswith({"audio": audio, "text": text}.get(modality) or common)
    assert told == ("\n".join(part for part in (static, dynamic) if part))


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("Hello {name}!", "Hello Ada!"),
        ("{nothing}, {nothing:>8}, {nothing!r}", ", , "),
        ("{missing:>8}{missing!r}{missing.inner}", ""),
        ("{caller.address.city}", "Turin"),
        ("{caller.address.street}", ""),
        ('Answer in JSON {"a": 1}', "Answer in JSON "),
        ('Answer in JSON {{"a": 1}}', 'Answer in JSON {"a": 1}'),
        ("{}{}", ""),
        ("{number:.1f}", "1.5"),
    ],
)
def test_a_template_is_filled_and_what_has_no_value_is_empty(template: str, told: str) -> None:
    data = {"name": "Ada", "nothing": None, "number": 1.49999, "caller": {"address": {"city": "Turin", 1: "one"}}}
    assert safe_render(template, data) == told
    assert Instructions(template).render(data=data) == told


def test_a_name_without_a_value_is_logged_and_a_lone_brace_refused(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert safe_render("{whom}", {"name": "Ada"}) == ""
    assert "{whom}" in caplog.text
    with pytest.raises(ValueError, match="Single '}'"):
        safe_render("}", {"name": "Ada"})


def test_a_template_differs_by_modality_only_where_its_parts_do() -> None:
    part = Instructions("common", audio="", text="read")
    made = Instructions.resolve_template("<{part}>{other}", part=part, other=None)
    assert (made.render(modality="audio"), made.render(modality="text"), made.common) == ("<>", "<read>", "")
    assert Instructions.resolve_template("<{part}>", part=Instructions("same", dynamic="now")) == "<same>"


def test_they_equal_a_text_only_if_they_are_nothing_more() -> None:
    assert Instructions("a") == "a"
    assert Instructions("a", dynamic="b") != "a"
    assert Instructions("a") != 1
    assert len({Instructions("a", audio="b"), Instructions("a", audio="b"), Instructions("a", text="b")}) == 2
