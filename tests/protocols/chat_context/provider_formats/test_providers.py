import pytest

from protocols import PROVIDER_FORMATS, ChatContext, UsageError, to_provider_format
from support import provider_rules
from support.dialogue import DIALOGUE


def test_the_providers() -> None:
    assert set(PROVIDER_FORMATS) == set(provider_rules.RULES) == {"openai", "openai.responses", "anthropic", "google", "mistralai", "aws"}


@pytest.mark.parametrize("provider", PROVIDER_FORMATS)
@pytest.mark.parametrize("context", [DIALOGUE, ChatContext().add_message("user", "hi"), ChatContext().add_message("assistant", "hi")])
def test_each_has_its_form(provider: str, context: ChatContext) -> None:
    provider_rules.check(provider, to_provider_format(provider, context.items))


@pytest.mark.parametrize("provider", PROVIDER_FORMATS)
def test_no_model_is_told_what_was_given_up(provider: str) -> None:
    assert "poison" not in repr(to_provider_format(provider, DIALOGUE.items))


@pytest.mark.parametrize("provider", PROVIDER_FORMATS)
def test_the_same_context_has_the_same_form(provider: str) -> None:
    assert to_provider_format(provider, DIALOGUE.items) == to_provider_format(provider, DIALOGUE.items)


def test_a_provider_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match=r"no form for 'azure': give one of openai, openai.responses, anthropic, google, mistralai, aws"):
        to_provider_format("azure", ())
