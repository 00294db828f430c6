"""Sealed rows: whatever is changed shows, and what is left is known for certain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.journal.rows import CHECKPOINT, LAST, START, Head, Row, flaw, mend
from support.journal_files import state_of, transaction

SIZES = (1, 3, 16, 2, 18, 5, 1)


def written(sizes: tuple[int, ...] = SIZES) -> tuple[list[Row], dict[int, int]]:
    """The rows of some transactions, and by the number of its last row what each ends with."""
    rows: list[Row] = []
    ends, number = {0: 0}, 0
    for size in sizes:
        items = transaction(number, size)
        for left, item in enumerate(items, 1 - len(items)):
            link = rows[-1].seal if rows else 0
            rows.append(Row.sealed(len(rows) + 1, 1, item, link, last=left == 0))
        number += size
        ends[len(rows)] = number
    return rows, ends


def head_of(rows: list[Row]) -> Head:
    return Head(rows[-1].seq, rows[-1].seal, len(rows))


def needed(rows: list[Row]) -> list[Row]:
    base = max((at for at, row in enumerate(rows) if row.flags & CHECKPOINT), default=0)
    return [row for at, row in enumerate(rows) if at >= base or row.event is not None]


def end_of(rows: tuple[Row, ...]) -> int:
    return state_of(tuple(row.body for row in rows if row.body is not None)).end


ROWS, ENDS_AT = written()
ENDS = set(ENDS_AT.values())
LOST_BODY = st.tuples(st.just("body"), st.integers(0, len(ROWS) - 1), st.none() | st.binary(max_size=9))
CHANGED = st.tuples(
    st.sampled_from(["seq", "incarnation", "event", "flags", "link", "crc", "seal"]), st.integers(0, len(ROWS) - 1), st.integers(-5, 99)
)
GONE = st.tuples(st.just("gone"), st.integers(0, len(ROWS) - 1), st.none())
SWAPPED = st.tuples(st.just("swapped"), st.integers(0, len(ROWS) - 1), st.integers(0, len(ROWS) - 1))


def damaged(harm: tuple[str, int, object], rows: list[Row]) -> list[Row]:
    what, at, value = harm
    if at >= len(rows):
        return rows
    if what == "gone":
        return rows[:at] + rows[at + 1 :]
    if what == "swapped":
        other = int(str(value)) % len(rows)
        bodies = {at: rows[other].body, other: rows[at].body}
        return [row._replace(body=bodies.get(index, row.body)) for index, row in enumerate(rows)]
    return [row._replace(**{what: value}) if index == at else row for index, row in enumerate(rows)]


@given(st.lists(LOST_BODY | CHANGED | GONE | SWAPPED, min_size=1, max_size=4))
def test_whatever_rows_are_harmed_what_is_left_is_a_beginning_of_what_was(harms: list[tuple[str, int, object]]) -> None:
    rows = ROWS
    for harm in harms:
        rows = damaged(harm, rows)
    rows = sorted(rows, key=lambda row: row.seq)
    mended = mend(rows, head_of(ROWS))
    end = end_of(mended.rows)
    assert end in ENDS
    assert mended.rows == () or flaw(needed(list(mended.rows)), Head(mended.rows[-1].seq, mended.rows[-1].seal, 0)) == ""
    if mended.lost == 0:
        assert end == max(ENDS)
    if needed(rows) != needed(ROWS):
        assert flaw(needed(rows), head_of(ROWS)) or len(rows) != len(ROWS)  # their count is in the file as well


def test_whole_rows_have_no_flaw_and_lose_nothing() -> None:
    assert flaw([], START) == ""
    for count in range(1, len(ROWS) + 1):
        rows = ROWS[:count]
        assert flaw(needed(rows), head_of(rows)) == ""
    mended = mend(ROWS, head_of(ROWS))
    assert mended.lost == 0
    assert mended.rows == tuple(needed(ROWS))


def test_a_checkpoint_whose_body_is_lost_is_passed_over() -> None:
    newest = max(row.seq for row in ROWS if row.flags & CHECKPOINT)
    rows = [row._replace(body=b"") if row.seq == newest else row for row in ROWS]
    mended = mend(rows, head_of(ROWS))
    assert (mended.lost, end_of(mended.rows)) == (0, max(ENDS))
    assert not any(row.body == b"" for row in mended.rows)
    assert [row.seq for row in mended.rows[-3:]] == [len(ROWS) - 3, len(ROWS) - 2, len(ROWS) - 1]


def test_a_lost_row_sets_back_to_the_end_of_the_transaction_before_it() -> None:
    for at in range(len(ROWS)):
        mended = mend(ROWS[:at] + ROWS[at + 1 :], head_of(ROWS))
        later = [other for other in ROWS[at + 1 :] if other.flags & CHECKPOINT]
        if later:
            assert (mended.lost, end_of(mended.rows)) == (0, max(ENDS))
        else:
            ended = [other for other in ROWS[:at] if other.flags & LAST]
            assert mended.lost == len(ROWS) - ended[-1].seq
            assert end_of(mended.rows) == ENDS_AT[ended[-1].seq]


@pytest.mark.parametrize("head", [None, Head(3, 0, 3)])
def test_where_the_end_is_not_known_nobody_knows_what_is_lost(head: Head | None) -> None:
    assert mend(ROWS, head).lost is None
    assert mend([], None).lost is None


def test_nothing_that_is_whole_is_all_lost() -> None:
    mended = mend([row._replace(body=None) for row in ROWS], head_of(ROWS))
    assert (mended.rows, mended.lost) == ((), len(ROWS))


def test_rows_that_do_not_begin_at_the_beginning_are_flawed() -> None:
    rows = ROWS[1:5]
    assert flaw(rows, head_of(rows)) == "its rows begin with number 2 and no checkpoint"
    assert flaw(ROWS[:5], head_of(ROWS)) == f"its rows end at number 5 instead of {len(ROWS)}"
