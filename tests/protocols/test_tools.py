from protocols import FunctionCall, ToolSchema


def test_a_schema_is_the_entry_that_openai_expects() -> None:
    parameters = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    schema = ToolSchema(name="price", description="The price of a product.", parameters=parameters)
    assert schema.to_openai() == {
        "type": "function",
        "function": {"name": "price", "description": "The price of a product.", "parameters": parameters},
    }


def test_a_call_keeps_the_model_s_own_text() -> None:
    assert FunctionCall(call_id="1", name="price", arguments='{"name": ').arguments == '{"name": '
