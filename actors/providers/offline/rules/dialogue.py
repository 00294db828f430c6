"""What to answer. The state of the conversation (what was asked and is still open) is folded from the context, never stored."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Final

from actors.providers.offline.rules.matching import ACCEPT, STRONG, best_match
from actors.providers.offline.rules.model import Call, Intent, Rules
from actors.providers.offline.rules.slots import read_slots
from actors.providers.offline.rules.templates import CannotFillError, enumerate_in_words, fill, fill_value
from actors.providers.offline.rules.words import tokenize
from protocols import ChatContext, ChatItem, ChatMessage, FunctionCall, FunctionCallOutput, Role

_TOOL: Final = "tool"
_ASK_BACK: Final = "Sorry, I am not sure that I understood. {question}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the brain answers: text, or calls of tools with their arguments, or nothing."""

    text: str = ""
    calls: tuple[tuple[str, Mapping[str, Any]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pending:
    """What the next utterance may answer: the question for ``slot`` of an intent or, without a slot, whether it is wanted at all."""

    intent: str
    slot: str = ""
    filled: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    reply: Reply
    pending: _Pending | None = None


def converse(rules: Rules, context: ChatContext) -> Reply:
    """The reply to ``context``; the same context has the same reply.

    Utterances that follow each other without an answer between are one. After a tool's results the reply tells them. Before the caller
    has said anything it is the greeting; after a reply of its own the brain has nothing to say.
    """
    step = _Step(reply=Reply(text=rules.greeting))
    calls: dict[str, FunctionCall] = {}
    for speaker, group in groupby(context, _speaker):
        items = list(group)
        calls |= {item.call_id: item for item in items if isinstance(item, FunctionCall)}
        if speaker == Role.USER:
            step = _answer(rules, " ".join(item.text for item in items if isinstance(item, ChatMessage)), step.pending)
        elif speaker == _TOOL:
            outputs = [item for item in items if isinstance(item, FunctionCallOutput)]
            told = _tell(rules, [(calls[output.call_id], output.output) for output in outputs if output.call_id in calls])
            step = replace(told, pending=told.pending or step.pending)
        elif speaker == Role.ASSISTANT:
            step = replace(step, reply=Reply())
    return step.reply


def _speaker(item: ChatItem) -> str:
    """Who says an item: a role, a tool, or nobody."""
    match item:
        case ChatMessage(role=role):
            return role
        case FunctionCall():
            return Role.ASSISTANT
        case FunctionCallOutput():
            return _TOOL
        case _:
            return ""


def _answer(rules: Rules, utterance: str, pending: _Pending | None) -> _Step:
    match = best_match(rules, utterance)
    other = match and match.likeness >= STRONG and match.intent.name != (pending and pending.intent)
    if pending and not (pending.slot and other):
        step = _answer_to_question(rules, utterance, pending)
        if step:
            return step
    if match and match.likeness >= ACCEPT:
        return _act(match.intent, match.filled)
    if pending and pending.slot:
        question = rules.intent(pending.intent).slots[pending.slot].ask
        return _Step(reply=Reply(text=_ASK_BACK.format(question=question)), pending=pending)
    if match and match.intent.confirm:
        asked = Reply(text=_ASK_BACK.format(question=match.intent.confirm))
        return _Step(reply=asked, pending=_Pending(intent=match.intent.name, filled=match.filled))
    return _Step(reply=Reply(text=rules.fallback))


def _answer_to_question(rules: Rules, utterance: str, pending: _Pending) -> _Step | None:
    """The step that ``utterance`` leads to as an answer to what is pending; None if it is no answer to that."""
    intent = rules.intent(pending.intent)
    if pending.slot:
        filled = read_slots(intent, utterance, rules.lexicon, asked_for=pending.slot)
        return _act(intent, {**pending.filled, **filled}) if pending.slot in filled else None
    words = " ".join(tokenize(utterance))
    if _is_said(words, rules.yes):
        return _act(intent, pending.filled)
    return _Step(reply=Reply(text=rules.declined)) if _is_said(words, rules.no) else None


def _is_said(words: str, phrases: Sequence[str]) -> bool:
    """Whether ``words`` are made of ``phrases`` alone, or begin with one and are short."""
    rest = f" {words} "
    for phrase in sorted(phrases, key=len, reverse=True):
        rest = rest.replace(f" {phrase} ", " ")
    return bool(words) and len(rest.split()) < len(words.split()) and len(rest.split()) <= 1


def _act(intent: Intent, filled: Mapping[str, Any]) -> _Step:
    """Do what ``intent`` asks for, or ask for the first slot that is not known."""
    values = dict(filled)
    for name, slot in intent.slots.items():
        if name in values:
            continue
        if slot.default is None:
            return _Step(reply=Reply(text=slot.ask), pending=_Pending(intent=intent.name, slot=name, filled=values))
        values[name] = slot.default
    return _Step(reply=_filled_call(intent.call, values) if intent.call else Reply(text=fill(intent.say, values)))


def _filled_call(call: Call, values: Mapping[str, Any]) -> Reply:
    rounds = [{**values, **item} for item in values[call.for_each]] if call.for_each else [values]
    arguments = [{name: fill_value(template, each) for name, template in call.arguments.items()} for each in rounds]
    return Reply(calls=tuple((call.tool, each) for each in arguments))


def _tell(rules: Rules, results: Sequence[tuple[FunctionCall, str]]) -> _Step:
    """Tell the results, those of one tool together, and ask what follows from the last."""
    sentences = []
    pending = None
    for tool, group in groupby(results, lambda result: result[0].name):
        told = [_fields(content) for _, content in group]
        rule = rules.results.get(tool)
        try:
            if rule is None:
                sentences += [fill("{result}", values) for values in told]
                continue
            sentences += [fill("{error}", values) for values in told if "error" in values]
            good = [values for values in told if "error" not in values]
            if good:
                each = enumerate_in_words([fill(rule.each, values) for values in good]) if rule.each else ""
                sentences += [fill(rule.say, {**values, "each": each}) for values in (good[-1:] if rule.each else good)]
            follow = rule.follow.get(str(told[-1].get(rule.next, "")))
        except CannotFillError:
            sentences.append(rules.failed)
            continue
        if follow:
            sentences.append(fill(follow.say, told[-1]))
            pending = _Pending(intent=follow.expect, slot=follow.slot) if follow.expect else None
    return _Step(reply=Reply(text=" ".join(sentences)), pending=pending)


def _fields(content: str) -> Mapping[str, Any]:
    try:
        parsed = json.loads(content)
    except ValueError:
        parsed = None
    return parsed if isinstance(parsed, dict) else {"result": content}
