"""What a program notes about its session."""

from types import SimpleNamespace

from livekitex_agent.job import Tagger


def test_the_last_word_about_the_outcome_counts() -> None:
    tagger = Tagger()
    assert (tagger.outcome, tagger.outcome_reason) == (None, None)
    tagger.success("booked")
    tagger.fail("hung up")
    assert (tagger.outcome, tagger.outcome_reason, tagger.tags) == ("fail", "hung up", {"lk.fail"})
    tagger.success()
    assert (tagger.outcome, tagger.outcome_reason) == ("success", None)


def test_tags_are_added_and_taken_back() -> None:
    tagger = Tagger()
    tagger.add("language:es", metadata={"sure": 0.9})
    tagger.add("voicemail:true")
    tagger.remove("voicemail:true")
    tagger.remove("none")
    assert tagger.tags == {"language:es"}


def test_what_judges_found_is_tagged() -> None:
    tagger = Tagger()
    tagger.evaluated({"accuracy": SimpleNamespace(verdict="pass", reasoning="right", instructions="judge")})
    assert tagger.tags == {"lk.judge.accuracy:pass"}
    expected = {"name": "accuracy", "tag": "lk.judge.accuracy:pass", "verdict": "pass", "reasoning": "right", "instructions": "judge"}
    assert tagger.evaluations == [expected]
