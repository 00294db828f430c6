"""The findings as text for people and for machines."""

import json

import pytest

from livekitex_agent.doctor.findings import cannot, ok, warning
from livekitex_agent.doctor.judgements import judge_models
from livekitex_agent.doctor.report import conclusion, lines, to_json

FINE = ok("cpus", "2")
SO_SO = warning(
    "memory", "900 MB free, enough for about 8 calls at a time, not for 100", "give the machine more, or WorkerOptions(max_jobs=8)"
)
NONE = cannot("loopback", "down", "ip link set lo up")


def text(width: int | None) -> list[str]:
    return ["".join(line) for finding in (FINE, SO_SO) for line in lines(finding, width)]


def test_without_a_width_each_text_has_one_line() -> None:
    assert text(None) == [
        "ok       cpus         2",
        "warning  memory       900 MB free, enough for about 8 calls at a time, not for 100",
        "                      cure: give the machine more, or WorkerOptions(max_jobs=8)",
    ]


@pytest.mark.parametrize("width", [30, 40, 60, 80, 200])
def test_within_a_width_nothing_is_longer_and_nothing_is_lost(width: int) -> None:
    shown = text(width)
    assert all(len(line) <= width for line in shown)
    assert " ".join(" ".join(shown).split()) == " ".join(" ".join(text(None)).split())


def test_a_word_of_more_than_the_width_is_broken() -> None:
    shown = text(24)
    assert all(len(line) <= 24 for line in shown)
    assert "".join("".join(shown).split()) == "".join("".join(text(None)).split())


def test_a_narrow_terminal_shows_what_was_found_below_the_name() -> None:
    assert text(40)[:4] == ["ok cpus", "    2", "warning memory", "    900 MB free, enough for about 8"]


@pytest.mark.parametrize(
    ("findings", "told"),
    [
        ([FINE, SO_SO], "This machine can run livekitex demo, and systems of your own."),
        ([FINE, NONE], "This machine cannot run livekitex demo or systems of your own, because of: loopback."),
        (
            [FINE, judge_models("no voice", 0.0)],
            "This machine cannot run livekitex demo, because of: offline. It can run systems of your own.",
        ),
    ],
)
def test_the_conclusion(findings: list[object], told: str) -> None:
    assert conclusion(findings) == told  # type: ignore[arg-type]


def test_for_machines_it_is_one_object_in_ascii() -> None:
    report = to_json(iter([FINE, warning("journal", "/tmp/ä", "another")]))
    assert report.isascii()
    assert json.loads(report) == {
        "can_start": True,
        "can_demo": True,
        "findings": [
            {"name": "cpus", "verdict": "ok", "found": "2", "cure": ""},
            {"name": "journal", "verdict": "warning", "found": "/tmp/ä", "cure": "another"},
        ],
    }
