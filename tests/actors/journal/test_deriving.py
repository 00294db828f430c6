from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given

from actors.journal import Records, derived_record
from protocols import InternalError
from support.messages import values_of


class Mood(StrEnum):
    FINE = "fine"
    BAD = "bad"


@dataclass(frozen=True, kw_only=True)
class Part:
    text: str
    number: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Whole:
    text: str
    count: int
    share: float
    sure: bool
    mood: Mood
    part: Part
    parts: tuple[Part, ...]
    perhaps: str | None
    last: Part | None = None
    words: tuple[str, ...] = ()


RECORDS = Records(derived_record(Whole, "whole"))


@given(values_of(Part))
def test_a_value_is_read_as_it_was_written(part: Part) -> None:
    whole = Whole(text="x", count=3, share=0.5, sure=True, mood=Mood.BAD, part=part, parts=(part, part), perhaps=None, last=part)
    assert RECORDS.decode(RECORDS.encode(whole)) == whole


def test_fields_have_the_defaults_of_their_class_and_no_others() -> None:
    whole = Whole(text="", count=0, share=0.0, sure=False, mood=Mood.FINE, part=Part(text=""), parts=(), perhaps=None)
    written = derived_record(Whole, "whole").encode(whole)
    assert written.keys() == {"text", "count", "share", "sure", "mood", "part", "parts", "perhaps"}
    assert written["part"] == {"text": ""}


@pytest.mark.parametrize("annotation", [dict[str, int], bytes, list[str], int | str, tuple[int, str], Any])
def test_what_has_no_form_is_told(annotation: Any) -> None:
    @dataclass(frozen=True)
    class Odd:
        x: annotation

    with pytest.raises(InternalError, match="no form in a journal"):
        derived_record(Odd, "odd")
