from protocols import Instructions

BOTH = Instructions("Be kind.", audio="Be short.", text="Use lists.")


def test_instructions_are_rendered_for_a_modality() -> None:
    assert BOTH.render("audio") == "Be kind.\n\nBe short."
    assert BOTH.render("text") == "Be kind.\n\nUse lists."
    assert BOTH.render() == str(BOTH) == "Be kind."


def test_what_is_not_given_adds_nothing() -> None:
    assert Instructions("base").render("audio") == Instructions("base").render("text") == "base"
    assert Instructions("base", audio="extra").render("text") == "base"
    assert Instructions("", audio="audio only", text="text only").render("audio") == "audio only"


def test_a_template_of_plain_parts_is_common_to_both() -> None:
    assert Instructions.of_template("You are {name} of {firm}.", name="Alex", firm="Acme") == Instructions("You are Alex of Acme.")


def test_a_part_that_differs_makes_the_template_differ_and_is_rendered_once() -> None:
    made = Instructions.of_template("Task:\n{task}\nEnd.", task=BOTH)
    assert made.render("audio") == "Task:\nBe kind.\n\nBe short.\nEnd."
    assert made.render("text") == "Task:\nBe kind.\n\nUse lists.\nEnd."
    assert made.render() == ""


def test_variants_that_are_the_same_are_one() -> None:
    assert Instructions.of_template("{task}", task=Instructions("same")) == Instructions("same")


def test_what_has_no_part_stays() -> None:
    assert Instructions.of_template('Give {"json"} and {more}', other="x").render() == 'Give {"json"} and {more}'
