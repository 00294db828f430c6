"""Words whose full stop ends no sentence. Small letters, unless it is said otherwise; what the form of a word tells is not listed."""

from typing import Final

_ENGLISH = "al approx ave bldg bros ca cit co corp dept est etc ext fig gen hon hwy ibid inc max min op pkwy prof rev sen ste tel vol"
_GERMAN = "allg evtl geb inkl med mio mrd mwst tsd usw zzgl"
_SPANISH_AND_PORTUGUESE = "apdo aprox av avda cda ctra dra dña ee ej exma exmo gral lic núm profa pág sra srta sta sto ud uds"
_FRENCH = "boul cie env mlle mme mmes tél éd"
_OTHERS = "avv cad dott jl mevr np sig sok ssa ul"  # Dutch, Indonesian, Italian, Polish, Turkish
_RUSSIAN_AND_HINDI = "им обл просп руб тел ул डॉ श्री"  # noqa: RUF001 - these are meant
ABBREVIATIONS: Final = frozenset(f"{_ENGLISH} {_GERMAN} {_SPANISH_AND_PORTUGUESE} {_FRENCH} {_OTHERS} {_RUSSIAN_AND_HINDI}".split())

_TITLES = "Adm Amb Apt Arch Assn Atty Capt Col Dep Det Eng Esq Fa Geo Geom Gov Ing Insp Maj Messrs Pres Rep Supt Univ"
TITLES: Final = frozenset(_TITLES.split())
"""Those that count with a capital letter only: "apt", "col" and "det" are words of some language."""

_MONTHS_AND_DAYS = (
    "abr ago apr aug dec dez dic ene feb fri jan jul jun mai mar mon nov oct okt out sat sep sept set sun thu thur thurs tue tues wed"
)
_PARTS = "abb abs anm ap apt art aufl cap chap eq ex kap lbs no nos pos rte sec std tab ver zi ziff"
BEFORE_NUMBERS: Final = frozenset(f"{_MONTHS_AND_DAYS} {_PARTS}".split())
"""Those that count before a number only: "no", "mar" and "sun" are words."""

_MONTHS = "dezember februar januar juli juni jänner mai märz oktober"
GERMAN_MONTHS: Final = frozenset(_MONTHS.split())
"""Those that English does not share: "I want 3. August was fine" are two sentences."""
