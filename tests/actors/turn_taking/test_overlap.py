import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.turn_taking import PHRASES, Phrases, count_words, is_back_channel, is_interruption, repeats
from actors.turn_taking.overlap import MAX_CHARS, _words
from actors.turn_taking.phrases import SOUNDS

LANGUAGES = st.sampled_from(sorted(PHRASES))
BETWEEN = st.sampled_from([" ", ", ", ". ", "... ", " - ", "! ", "\n", "\u00a0", " – "])
FRAMES = st.sampled_from(["{}", "{}.", "{}!", "{}?", " {} ", "¡{}!", "«{}»", "“{}”", "({})", "{}…", "*{}*"])
CHANGES = st.sampled_from(
    [
        str.upper,
        str.title,
        str.casefold,
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: unicodedata.normalize("NFC", text),
        lambda text: text.replace("'", "’").replace("-", "\u2011"),
    ]
)


def back_channels(language: str) -> tuple[str, ...]:
    return SOUNDS.back_channels + PHRASES[language].back_channels


@st.composite
def rows(draw: st.DrawFn) -> tuple[str, str]:
    """A language, and some of its back-channels in a row, written in some way."""
    language = draw(LANGUAGES)
    said = draw(st.lists(st.sampled_from(back_channels(language)), min_size=1, max_size=6))
    text = draw(BETWEEN).join(said)
    return language, draw(FRAMES).format(draw(CHANGES)(text))


@given(rows())
def test_back_channels_in_a_row_are_one_however_they_are_written(row: tuple[str, str]) -> None:
    language, text = row
    assert is_back_channel(text, language)
    assert is_back_channel(text, language.upper() + "-XX")
    assert not is_interruption(text, language)


@given(rows(), st.data())
def test_an_interruption_after_back_channels_and_openers_is_one(row: tuple[str, str], data: st.DataObject) -> None:
    language, text = row
    phrases = PHRASES[language]
    opener = data.draw(st.sampled_from(("", *phrases.openers)))
    said = data.draw(CHANGES)(f"{text}, {opener} {data.draw(st.sampled_from(phrases.interruptions))}")
    assert is_interruption(said, language)
    assert is_interruption(f"{said} and something else", language)
    assert not is_back_channel(said, language)


@given(rows(), st.data())
def test_another_word_among_them_is_no_back_channel(row: tuple[str, str], data: st.DataObject) -> None:
    language, text = row
    words = text.split()
    at = data.draw(st.integers(0, len(words)))
    word = data.draw(st.sampled_from(["pizza", "7", "ñandú", "zwölf", "你好", "42a"]))
    assert not is_back_channel(" ".join((*words[:at], word, *words[at:])), language)


@given(st.text(max_size=2 * MAX_CHARS), st.sampled_from(["en", "pt-BR", "", "xx"]))
def test_any_text_has_an_answer_and_never_both(text: str, language: str) -> None:
    assert not (is_back_channel(text, language) and is_interruption(text, language))
    assert not is_back_channel(text, language) or _words(text)


@given(LANGUAGES, st.data())
def test_lengthened_letters_change_nothing(language: str, data: st.DataObject) -> None:
    phrase = data.draw(st.sampled_from(back_channels(language)))
    at = data.draw(st.integers(0, len(phrase) - 1))
    longer = phrase[:at] + phrase[at] * data.draw(st.integers(1, 9)) + phrase[at + 1 :]
    assert is_back_channel(longer, language)


@pytest.mark.parametrize("language", sorted(PHRASES))
def test_each_phrase_stands_once_and_means_one_thing(language: str) -> None:
    phrases = PHRASES[language]
    own = [_words(phrase) for phrase in (*phrases.back_channels, *phrases.interruptions, *phrases.openers)]
    assert sorted({phrase for phrase in own if own.count(phrase) > 1}) == []
    assert set(own).isdisjoint({_words(phrase) for phrase in SOUNDS.back_channels})
    assert () not in own
    assert len(phrases.back_channels) > 50
    assert len(phrases.interruptions) > 40


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("uh-huh uh-huh", "en"),
        ("Mmmm-HM!", "en"),
        ("Yeah, yeah, okay...", "en-GB"),
        ("no problem", "en"),
        ("No worries. Go on.", "en-US"),
        ("Ajá", "es"),
        ("aja, si, claro", "es-MX"),
        ("No hay problema", "es"),
        ("Ja ja, genau", "de"),
        ("ACH SO", "de"),
        ("d’accord", "fr"),
        ("c'est ça, oui oui", "fr-CA"),
        ("Ta bom, é", "pt-BR"),
        ("mm-hmm", ""),
        ("Mhm", "fi"),
    ],
)
def test_a_back_channel_is_known(text: str, language: str) -> None:
    assert is_back_channel(text, language)
    assert not is_interruption(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Stop!", "en"),
        ("yeah, but", "en"),
        ("Okay okay wait", "en-US"),
        ("no no no", "en"),
        ("Uh, excuse me, can I ask", "en"),
        ("hey, could you stop", "en"),
        ("¡Espera, espera!", "es"),
        ("sí, pero", "es"),
        ("Das stimmt nicht", "de"),
        ("ja, Moment mal", "de"),
        ("oui mais", "fr"),
        ("Attendez un instant", "fr"),
        ("não", "pt"),
        ("NAO", "pt"),
        ("tá, espera aí", "pt-BR"),
    ],
)
def test_an_interruption_is_known(text: str, language: str) -> None:
    assert is_interruption(text, language)
    assert not is_back_channel(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "en"),
        ("...", "en"),
        ("I know somebody", "en"),
        ("two, please", "en"),
        ("2", "en"),
        ("please", "en"),
        ("knowing", "en"),
        ("stop", ""),
        ("yeah", "fi"),
        ("yeah " * 41, "en"),
    ],
)
def test_what_is_neither_is_neither(text: str, language: str) -> None:
    assert not is_back_channel(text, language)
    assert not is_interruption(text, language)


def test_the_lists_may_be_replaced() -> None:
    own = {"fi": Phrases(back_channels=("joo", "niin"), interruptions=("seis", "joo mutta"))}
    assert is_back_channel("Joo joo, niin. Mm.", "fi-FI", own)
    assert is_interruption("niin, joo mutta", "fi", own)
    assert not is_back_channel("yeah", "en", own)


@pytest.mark.parametrize(
    ("text", "words"), [("", 0), ("Stop.", 1), ("No, not that!", 3), ("I don't know", 4), ("今日はいい", 5), ("はい yes", 3), ("...", 0)]
)
def test_words_are_counted_in_every_script(text: str, words: int) -> None:
    assert count_words(text) == words


SAID = "The old lighthouse stands on a rock above the harbour. Nobody ever missed it."


@pytest.mark.parametrize(
    ("text", "echo"),
    [
        ("lighthouse stands on a rock", True),
        ("The old light house stands on a rock", True),  # one word is taken for two
        ("above the harbour nobody ever", True),
        ("harbour", False),  # a single word may be his
        ("I want two pizzas", False),
        ("the harbour please, take me there", False),
        ("rock a on stands lighthouse", False),  # its words in another order
        ("", False),
    ],
)
def test_an_echo_is_what_was_said_before(text: str, echo: bool) -> None:
    assert repeats(text, SAID) is echo
    assert not repeats(text, "")
