"""What people say while somebody else speaks, as data, language by language.

``back_channels`` show that somebody listens, and may be said over speech without wanting to stop it. ``interruptions`` want it to stop, or
to be heard at once. ``openers`` say nothing alone but may stand before one. Phrases are compared as `overlap` says: without case, accents,
punctuation and lengthening, so each stands here once, as it is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """The phrases of one language."""

    back_channels: tuple[str, ...]
    interruptions: tuple[str, ...] = ()
    openers: tuple[str, ...] = ()


def _listed(text: str) -> tuple[str, ...]:
    return tuple(" ".join(phrase.split()) for phrase in text.split(","))


SOUNDS: Final = Phrases(
    back_channels=_listed("""
        mm, mhm, mmhm, mm-hm, m-hm, hm, hum, uh-huh, uhuh, uh-hum, uhum, aha, ah, oh, eh, uh, um, er, ok, okay, okey
    """)
)
"""Of every language, known or not."""

_ENGLISH: Final = Phrases(
    back_channels=_listed("""
        yeah, yep, yup, ya, yes, yes please, right, all right, alright, sure, of course, certainly, absolutely, definitely,
        exactly, totally, indeed, true, correct, that's right, that is right, that's correct, good, great, cool, nice, fine,
        perfect, excellent, wonderful, lovely, awesome, sounds good, got it, gotcha, I see, I understand, understood, I got it,
        makes sense, that makes sense, fair enough, no problem, no worries, no rush, wow, really, oh really, interesting, go on,
        go ahead, carry on, continue, thanks, thank you
    """),
    interruptions=_listed("""
        stop, stop it, wait, wait a minute, wait a second, hold on, hang on, one moment, one second, one minute, just a moment,
        just a second, just a minute, a moment, a second, no, nope, nah, not, don't, enough, quiet, be quiet, shut up, hush,
        listen, excuse me, sorry, pardon, what, hello, but, actually, never mind, cancel, pause, wrong, that's wrong, that's
        not, I didn't, I don't, slow down, slower, say that again, repeat, come again, let me, question, I have a question, can
        I, could I, may I
    """),
    openers=_listed("hey, please, so, well, and, look, now, can you, could you, would you, will you, I said"),
)

_SPANISH: Final = Phrases(
    back_channels=_listed("""
        sí, ajá, claro, claro que sí, vale, bueno, bien, muy bien, está bien, de acuerdo, entiendo, entendido, lo entiendo,
        comprendo, ya, ya veo, perfecto, exacto, exactamente, eso, eso es, así es, correcto, cierto, es cierto, es verdad,
        verdad, por supuesto, desde luego, seguro, genial, estupendo, fenomenal, excelente, órale, ándale, dale, sale, venga,
        listo, gracias, muchas gracias, sin problema, no hay problema, no pasa nada, no te preocupes, no se preocupe, adelante,
        siga, sigue, continúe, continúa
    """),
    interruptions=_listed("""
        para, pare, paren, parar, alto, basta, espera, espere, esperen, espérame, espéreme, espera un momento, espere un
        momento, un momento, un momentito, un segundo, un minuto, no, nunca, perdón, perdona, perdone, disculpa, disculpe, oye,
        oiga, escucha, escuche, pero, qué, cómo, cállate, cállese, silencio, detente, deténgase, cancela, cancele, cancelar,
        repite, repita, otra vez, más despacio, más lento, está mal, déjame, déjeme, hola, tengo una pregunta, una pregunta
    """),
    openers=_listed("por favor, y, pues, mira, mire, puedes, puede, podrías, podría, a ver"),
)

_GERMAN: Final = Phrases(
    back_channels=_listed("""
        ja, jaja, jo, jep, jawohl, ach, ach so, achso, genau, ganz genau, stimmt, das stimmt, richtig, korrekt, gut, sehr gut,
        alles klar, klar, na klar, verstehe, ich verstehe, verstanden, kapiert, sicher, natürlich, selbstverständlich, in
        Ordnung, einverstanden, passt, das passt, super, prima, toll, schön, wunderbar, perfekt, absolut, eben, gern, gerne,
        danke, danke schön, vielen Dank, kein Problem, keine Sorge, nicht schlimm, ähm, wirklich, echt, interessant, weiter,
        nur weiter
    """),
    interruptions=_listed("""
        stopp, halt, warte, warten Sie, wartet, warte mal, Moment, Moment mal, einen Moment, Augenblick, einen Augenblick,
        Sekunde, eine Sekunde, eine Minute, nein, nee, nö, nicht, nie, kein, genug, Ruhe, still, Entschuldigung, entschuldigen
        Sie, Verzeihung, Pardon, sorry, aber, was, wie, wie bitte, hallo, hören Sie, hör zu, hör auf, hören Sie auf, aufhören,
        abbrechen, Pause, falsch, das ist falsch, langsam, langsamer, noch mal, nochmal, noch einmal, eine Frage, ich habe eine
        Frage, lassen Sie mich, lass mich
    """),
    openers=_listed("bitte, und, also, na, du, Sie, können Sie, kannst du, jetzt"),
)

_FRENCH: Final = Phrases(
    back_channels=_listed("""
        oui, ouais, ouaip, mouais, si, d'accord, dac, bien, très bien, bien sûr, c'est bien, bon, ah bon, ah oui, euh, ben oui,
        bah oui, exact, exactement, voilà, c'est ça, c'est exact, c'est vrai, vrai, vraiment, je vois, je comprends, compris,
        j'ai compris, entendu, parfait, super, génial, excellent, formidable, merci, merci beaucoup, pas de problème, pas de
        souci, pas grave, ça marche, ça va, ça me va, tout à fait, absolument, effectivement, en effet, certes, certainement,
        évidemment, allez-y, vas-y, continuez, continue
    """),
    interruptions=_listed("""
        stop, arrête, arrêtez, attends, attendez, attendez un instant, un instant, un moment, une seconde, deux secondes, une
        minute, minute, non, nan, pas, jamais, pardon, excusez-moi, excuse-moi, mais, quoi, comment, assez, ça suffit, silence,
        chut, taisez-vous, tais-toi, écoutez, écoute, allô, annulez, annule, pause, faux, c'est faux, ce n'est pas, répétez,
        répète, encore une fois, moins vite, plus lentement, une question, j'ai une question, laissez-moi, laisse-moi
    """),
    openers=_listed("s'il vous plaît, s'il te plaît, et, alors, donc, pouvez-vous, peux-tu, là"),
)

_PORTUGUESE: Final = Phrases(
    back_channels=_listed("""
        sim, é, pois, pois é, pois sim, aham, claro, claro que sim, tá, tá bom, tá bem, tá certo, está bem, está bom, está
        certo, certo, certinho, correto, exato, exatamente, isso, isso mesmo, entendi, entendo, entendido, percebi, percebo,
        compreendo, beleza, bom, bem, muito bem, muito bom, perfeito, ótimo, legal, fixe, tudo bem, de acordo, com certeza, é
        verdade, verdade, sei, já, já sei, pode ser, obrigado, obrigada, sem problema, sem problemas, não tem problema, não faz
        mal, continue, continua, pode continuar, prossiga
    """),
    interruptions=_listed("""
        para, pare, parem, parar, chega, basta, espera, espere, espera aí, espera um pouco, aguarde, calma, um momento, um
        instante, um segundo, um minuto, só um momento, só um minuto, só um segundo, não, nunca, desculpe, desculpa, perdão, com
        licença, mas, o quê, quê, como, silêncio, cala a boca, escuta, escute, olha, olhe, alô, olá, cancela, cancele, cancelar,
        repete, repita, outra vez, de novo, mais devagar, errado, está errado, tenho uma pergunta, uma pergunta, deixa eu,
        deixe-me
    """),
    openers=_listed("por favor, então, você pode, pode, poderia"),
)

PHRASES: Final[Mapping[str, Phrases]] = MappingProxyType({"en": _ENGLISH, "es": _SPANISH, "de": _GERMAN, "fr": _FRENCH, "pt": _PORTUGUESE})
"""The phrases of each language that has some, by its ISO 639-1 code."""
