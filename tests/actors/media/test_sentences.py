import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.media import MAX_SENTENCE_CHARS, SentenceSplitter, split_sentences

TEXTS = st.lists(
    st.sampled_from(
        [
            "Dr.",
            "pizza",
            "4.50",
            "1.",
            "No.",
            "e.g.",
            "J.",
            "Yes!",
            "what?",
            '"Go."',
            "so,",
            "\n",
            "a" * 120,
            "555.",
            "1234.",
            "z. B.",
            "am 3.",
            "Mai",
            "sí;",
            "ναι;",  # noqa: RUF001 - these are meant
            "สวัสดี",
            "Hwy.",
        ]
    ),
    max_size=30,
).map(" ".join) | st.text(st.sampled_from("aB1.!?, \n\"'。」的!;ก"), max_size=400)


@pytest.mark.parametrize(
    "sentence",
    [
        "A pizza costs 4.50 dollars.",
        "Dr. Smith and Mrs. Jones live in St. Albans, No. 5.",
        "Call 555. 1234. 99 now.",
        "It is good, e.g. with salt.",
        "J. K. Rowling came at 5 p.m. with us.",
        "1. Pizza.",
        "Wait... what?",
        'He said "No." and left.',
        "It is (e.g. here) fine.",
        "12 Main St. Apt. 4 is mine.",
        "12 Main St., Ste. 400.",
        "On Jan. 3 and Sept. 14 and Tue. 5 we are closed.",
        "See p. 4 and art. 7.",
        "La Sra. García y el Sr. López, Avda. Sol, núm. 3.",
        "Los EE. UU. y p. ej. México.",
        "A Dra. Silva e o Exmo. Sr. Costa.",
        "Das ist am 3. Oktober um 5 Uhr.",
        "Termin: 1. Mai.",
        "Sie wohnt im 2. Stock, z.B. Müllerstr. 4.",
        "Mme. Dupont et M. Petit.",
        "د. أحمد هنا.",
        "डॉ. शर्मा यहाँ हैं।",
        "他说3.5元",
        "Gov. Smith, Capt. Kirk and Lt. Col. Hayes met on Hwy. 5, near Ft. Worth.",
        "At 9 a.m. Monday in Washington D.C. Hotel.",
        "The U.S. Army and J.R.R. Tolkien, Ph.D. Oxford, and Bros. Grimm et al. Berlin.",
        "Go to Rte. 66, P.O. Box 5, Rm. 4, Ln. 5, Chap. 3 and Nos. 7.",
        "Er kam z. B. Montag, u. a. Peter, i. d. R. Dienstag.",
        "Das sind 5 Mio. Euro, i.d.R. inkl. MwSt. Zoll, Kap. 3, Abb. 4.",
        "Bis 5. April, vom 3. bis 5. August, Montag, 3. August, zu ihrem 50. Geburtstag.",
        "Mein 3. Kind kommt jeden 1. Samstag.",
        "Sto. Domingo, Ctra. Madrid, n. 5.",
        "Mgr. Dupont, av. J.-C. Rome.",
        "Dott.ssa Rossi e Ing. Bianchi, p.es. Roma.",
        "Mw. Jansen en drs. Smit.",
        "Я живу в г. Москва, ул. Ленина, д. 5, т.е. Центр.",  # noqa: RUF001 - these are meant
        "To jest ul. Długa, np. Warszawa.",
        "ราคา 50 บาท",
        "เร็ว ๆ นี้",
    ],
)
def test_one_sentence_is_not_torn(sentence: str) -> None:
    assert split_sentences(sentence) == [sentence]


def test_sentences_end_at_their_marks_and_at_line_breaks() -> None:
    text = 'Hello there! I have a pizza. "Two?" No. I want 34.50. (Really.) Thanks\nBye'
    assert split_sentences(text) == ["Hello there!", "I have a pizza.", '"Two?"', "No.", "I want 34.50.", "(Really.)", "Thanks", "Bye"]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("你好。今天吃什么？我要披萨！", ["你好。", "今天吃什么？", "我要披萨！"]),  # noqa: RUF001 - Chinese
        ("他说：「好。」然后走了。", ["他说：「好。」", "然后走了。"]),  # noqa: RUF001 - Chinese
        ("はい。ピザは千円です。", ["はい。", "ピザは千円です。"]),
        ("नमस्ते। आप कैसे हैं? ठीक हूँ।", ["नमस्ते।", "आप कैसे हैं?", "ठीक हूँ।"]),
        ("مرحبا. كيف حالك؟ أنا بخير.", ["مرحبا.", "كيف حالك؟", "أنا بخير."]),
        ("سلام۔ آپ کیسے ہیں؟ ٹھیک۔", ["سلام۔", "آپ کیسے ہیں؟", "ٹھیک۔"]),  # noqa: RUF001 - Urdu
        ("Բարև։ Ինչպես ես։", ["Բարև։", "Ինչպես ես։"]),  # noqa: RUF001 - Armenian
        ("你好!今天吃什么?披萨.好", ["你好!", "今天吃什么?", "披萨.", "好"]),
        ("真的？!好⁉是", ["真的？!", "好⁉", "是"]),  # noqa: RUF001 - Chinese
        ("សួស្តី។ តើអ្វី? អរគុណ៕ ចប់", ["សួស្តី។", "តើអ្វី?", "អរគុណ៕", "ចប់"]),
        ("မင်္ဂလာပါ။ဘာလိုချင်လဲ။", ["မင်္ဂလာပါ။", "ဘာလိုချင်လဲ။"]),
        ("ሰላም። ምን ይፈልጋሉ፧ ፒዛ።", ["ሰላም።", "ምን ይፈልጋሉ፧", "ፒዛ።"]),
        ("হ্যালো। কেমন আছেন? ভালো।", ["হ্যালো।", "কেমন আছেন?", "ভালো।"]),
        ("Γεια σου. Τι θέλεις; Θέλω πίτσα.", ["Γεια σου.", "Τι θέλεις;", "Θέλω πίτσα."]),  # noqa: RUF001 - these are meant
        ("ᠮᠣᠩᠭᠣᠯ᠃ ᠬᠡᠯᠡ᠃", ["ᠮᠣᠩᠭᠣᠯ᠃", "ᠬᠡᠯᠡ᠃"]),  # noqa: RUF001 - these are meant
        ("สวัสดีค่ะ วันนี้อยากทานอะไรคะ มีพิซซ่าค่ะ", ["สวัสดีค่ะ", "วันนี้อยากทานอะไรคะ", "มีพิซซ่าค่ะ"]),
        ("ສະບາຍດີ ເຈົ້າເປັນແນວໃດ", ["ສະບາຍດີ", "ເຈົ້າເປັນແນວໃດ"]),
        ("안녕하세요. 무엇을 드릴까요? 피자요.", ["안녕하세요.", "무엇을 드릴까요?", "피자요."]),
        (
            "It weighs 5 kg. Take it. Hmm. We sell PCs. So do I. 3 left.",
            ["It weighs 5 kg.", "Take it.", "Hmm.", "We sell PCs.", "So do I.", "3 left."],
        ),
        (
            "He watches TV. She sat. No one came. That is my rep. Really; yes.",
            ["He watches TV.", "She sat.", "No one came.", "That is my rep.", "Really; yes."],
        ),
        ("¿Quieres? ¡Sí! «Vale.» Gracias.", ["¿Quieres?", "¡Sí!", "«Vale.»", "Gracias."]),
        ("Er sagte: „Ja.“ Gut.", ["Er sagte: „Ja.“", "Gut."]),
        ("I want 3. Thanks", ["I want 3.", "Thanks"]),
        ("I am 3. And you?", ["I am 3.", "And you?"]),
        ("He sat. Then he saw the sun. It was 1999. August came.", ["He sat.", "Then he saw the sun.", "It was 1999.", "August came."]),
        ("The name is apt. We like it.", ["The name is apt.", "We like it."]),
        ("Look at the art. There is plan b. Or c.", ["Look at the art.", "There is plan b.", "Or c."]),
    ],
)
def test_sentences_of_many_languages_end_at_their_own_marks(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


def test_a_long_text_without_spaces_is_cut_at_a_clause() -> None:
    assert split_sentences("一二三，" + "四" * 400)[0] == "一二三，"  # noqa: RUF001 - Chinese


def test_a_sentence_comes_with_the_beginning_of_the_next() -> None:
    splitter = SentenceSplitter()
    assert [splitter.feed(delta) for delta in ("One pi", "zza. ", "And", " more")] == [[], [], ["One pizza."], []]
    assert splitter.finish() == ["And more"]
    assert splitter.finish() == []


def test_a_sentence_without_end_is_cut_at_a_clause_a_word_or_anywhere() -> None:
    words = "word " * 100
    assert all(len(part) <= MAX_SENTENCE_CHARS for part in split_sentences(words))
    assert split_sentences("first clause, " + words)[0] == "first clause,"
    assert len(split_sentences("x" * 1_000)[0]) == MAX_SENTENCE_CHARS


@given(TEXTS, st.lists(st.integers(0, 400), max_size=10))
def test_the_cut_into_pieces_changes_no_sentence(text: str, cuts: list[int]) -> None:
    splitter = SentenceSplitter()
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    streamed = [sentence for a, b in itertools.pairwise(edges) for sentence in splitter.feed(text[a:b])] + splitter.finish()
    assert streamed == split_sentences(text)


@given(TEXTS)
def test_nothing_is_lost_or_empty(text: str) -> None:
    sentences = split_sentences(text)
    assert re.sub(r"\s", "", "".join(sentences)) == re.sub(r"\s", "", text)
    assert all(0 < len(sentence) <= MAX_SENTENCE_CHARS for sentence in sentences)
