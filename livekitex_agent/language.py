"""A language's code, read from whatever form it is given in."""

from typing import Any, Final, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

__all__ = ["LanguageCode"]

_NAMES: Final = (
    "arabic=ar bengali=bn bulgarian=bg catalan=ca chinese=zh croatian=hr czech=cs danish=da dutch=nl english=en estonian=et finnish=fi "
    "french=fr german=de greek=el gujarati=gu hebrew=he hindi=hi hungarian=hu indonesian=id italian=it japanese=ja kannada=kn korean=ko "
    "latvian=lv lithuanian=lt malay=ms malayalam=ml marathi=mr norwegian=no persian=fa polish=pl portuguese=pt punjabi=pa romanian=ro "
    "russian=ru serbian=sr slovak=sk slovenian=sl spanish=es swahili=sw swedish=sv tagalog=tl tamil=ta telugu=te thai=th turkish=tr "
    "ukrainian=uk urdu=ur vietnamese=vi welsh=cy"
)
_THREE_LETTERS: Final = (
    "ara=ar ben=bn bul=bg cat=ca zho=zh cmn=zh hrv=hr ces=cs dan=da nld=nl eng=en est=et fin=fi fra=fr deu=de ell=el guj=gu heb=he hin=hi "
    "hun=hu ind=id ita=it jpn=ja kan=kn kor=ko lav=lv lit=lt msa=ms mal=ml mar=mr nor=no fas=fa pol=pl por=pt pan=pa ron=ro rus=ru srp=sr "
    "slk=sk slv=sl spa=es swa=sw swe=sv tgl=tl tam=ta tel=te tha=th tur=tr ukr=uk urd=ur vie=vi cym=cy"
)
_BY_NAME: Final = dict(pair.split("=") for pair in _NAMES.split())
_BY_THREE_LETTERS: Final = dict(pair.split("=") for pair in _THREE_LETTERS.split())
_NAME_OF: Final = {code: name for name, code in _BY_NAME.items()}

_SCRIPT_CHARS: Final = 4
_REGION_CHARS: Final = 2


class LanguageCode(str):
    """A BCP 47 tag in its usual spelling: "English", "eng" and "en" are "en", "en_us" is "en-US"; what is not known is as it is."""

    __slots__ = ()

    def __new__(cls, code: str) -> Self:  # noqa: D102 - as the class says
        return super().__new__(cls, _normalised(code))

    @classmethod
    def __get_pydantic_core_schema__(cls, source_type: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - pydantic's
        return core_schema.no_info_plain_validator_function(cls, serialization=core_schema.to_string_ser_schema())

    @property
    def language(self) -> str:
        """The language alone, by its two letters if it has some."""
        base = self.split("-", maxsplit=1)[0]
        return _BY_THREE_LETTERS.get(base, base)

    @property
    def region(self) -> str | None:
        """The region (``US``), or None."""
        return next((part for part in self.split("-")[1:] if len(part) == _REGION_CHARS), None)

    @property
    def iso(self) -> str:
        """The language with its region, without a script."""
        return f"{self.language}-{self.region}" if self.region else self.language

    def to_language_name(self) -> str | None:
        """The language's English name in small letters, None if it is not known."""
        return _NAME_OF.get(self.language)


def _normalised(code: str) -> str:
    lowered = code.strip().lower()
    if known := _BY_NAME.get(lowered) or _BY_THREE_LETTERS.get(lowered):
        return known
    language, *rest = lowered.replace("_", "-").split("-")
    return "-".join((language, *(part.capitalize() if len(part) == _SCRIPT_CHARS else part.upper() for part in rest)))
