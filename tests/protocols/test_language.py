import pytest

from protocols import primary_language


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("en", "en"),
        ("en-US", "en"),
        ("EN", "en"),
        ("en_GB", "en"),
        ("pt-BR", "pt"),
        ("zh-Hant-TW", "zh"),
        ("nn-NO", "nn"),
        ("", ""),
        (" de ", "de"),
    ],
)
def test_a_tag_begins_with_its_language(tag: str, language: str) -> None:
    assert primary_language(tag) == language
