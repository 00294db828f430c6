"""Names of languages: tags of BCP 47, as speech recognisers give them, and the language that one begins with."""

__all__ = ["primary_language"]


def primary_language(tag: str) -> str:
    """The language of ``tag`` as ISO 639 writes it, in lower case: ``en`` of ``en-US``, ``EN`` and ``en_GB``; empty of an empty one."""
    return tag.replace("_", "-").partition("-")[0].strip().lower()
