"""The files of a new project, and how they come into a folder: all of them, or none."""

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from protocols import ConfigurationError

TAKEN: Final = frozenset({"actors", "livekitex_agent", "protocols", "supervision", "livekit", "openai", "tests"})
"""A folder of such a name would be imported in place of the package, by whoever runs Python beside it."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}")

AGENT: Final = '''"""The agent of {{name}}: talk to it by `livekitex console --text`, or by voice, `livekitex console`.

It works offline: rules that are made from its tools take the place of a language model (README.md says how to give it one).
"""

from typing import Literal

from livekitex_agent import Agent, AgentServer, AgentSession, JobContext, RunContext, cli, function_tool
from livekitex_agent.providers import offline, silero

Product = Literal["pizza", "salad", "coffee"]

PRICES: dict[str, int] = {"pizza": 10, "salad": 5, "coffee": 3}


class Clerk(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You take orders for {{name}} on the phone. Be friendly and brief.")

    async def on_enter(self) -> None:
        await self.session.say("Hello, this is {{name}}. You can ask for a price, or order something.")

    @function_tool
    async def price(self, product: Product) -> str:
        """Tell the price of a product."""
        return f"A {product} is {PRICES[product]} dollars."

    @function_tool
    async def order(self, ctx: RunContext[list[str]], product: Product) -> str:
        """Order a product."""
        ctx.userdata.append(product)  # kept with the tool's result: a death of the process neither loses nor doubles it
        return f"I have noted {', '.join(ctx.userdata)}. That is {sum(PRICES[one] for one in ctx.userdata)} dollars."


server = AgentServer()


@server.rtc_session(agent_name="{{name}}")
async def entrypoint(ctx: JobContext) -> None:
    session = AgentSession[list[str]](vad=silero.VAD.load(), stt=offline.STT(), llm=offline.LLM(), tts=offline.TTS(), userdata=[])
    await session.start(Clerk(), room=ctx.room)


if __name__ == "__main__":
    cli.run_app(server)  # python agent.py console
'''

TEST: Final = '''"""The agent of {{name}} in virtual time: no key, no network, no waiting, and a process that dies in a call."""

import asyncio
from pathlib import Path

from livekitex_agent import ProgramPlace, ToolReturned
from livekitex_agent.testing import TestSession

PROGRAM = ProgramPlace(
    place=str(Path(__file__).resolve().parents[1] / "agent.py"),
    providers={"vad": "none", "stt": "none", "tts": "none"},  # by text
)


def test_the_price_is_looked_up() -> None:
    async def call() -> None:
        async with TestSession(PROGRAM) as session:
            session.greeting.expect.contains_message(role="assistant")
            result = await session.run(user_input="What is the price of a pizza?")
        result.expect.contains_function_call(name="price", arguments={"product": "pizza"})
        result.expect.contains_message(role="assistant")

    asyncio.run(call())


def test_an_order_survives_the_death_of_the_process() -> None:
    async def call() -> None:
        async with TestSession(PROGRAM) as session:
            await session.run(user_input="order a pizza")
            session.kill_when(ToolReturned)
            result = await session.run(user_input="order a coffee")
        assert len(result.restarts) == 1
        result.expect.contains_function_call_output(output="I have noted pizza, coffee. That is 13 dollars.")

    asyncio.run(call())
'''

README: Final = """# {{name}}

A voice agent in which every call is a process of its own that comes back with its conversation.

```sh
pip install 'livekitex-agent[offline]'
livekitex console --text        # write to it; Ctrl-K kills its process, and it comes back
livekitex console               # talk to it (needs livekitex-agent[console] and the system's PortAudio)
livekitex check                 # what of it would not survive a death
pip install pytest && pytest    # its test, in virtual time
```

It runs offline. With a language model it holds a conversation; the key stands in the environment alone:

```sh
pip install 'livekitex-agent[openai]'
OPENAI_API_KEY=... livekitex console --text --llm openai:MODEL
```

Any server that speaks OpenAI's protocols will do: `--base-url URL`.
"""

PYPROJECT: Final = """[project]
name = "{{name}}"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["livekitex-agent[offline]"]

[project.optional-dependencies]
test = ["pytest>=8"]

[tool.setuptools]
py-modules = ["agent"]

[tool.pytest.ini_options]
pythonpath = ["."]
testpaths = ["tests"]
"""

FILES: Final[Mapping[str, str]] = {
    "agent.py": AGENT,
    "tests/test_agent.py": TEST,
    "README.md": README,
    "pyproject.toml": PYPROJECT,
}


def write_project(name: str, parent: Path) -> Path:
    """Make the folder ``name`` in ``parent`` with the files of a project; its path.

    Raises:
        ConfigurationError: the name will not do, something of that name is there, or it cannot be written; nothing was changed.
    """
    if not _NAME.fullmatch(name) or name in TAKEN:
        why = "is the name of a package that it imports" if name in TAKEN else "is no name for a project"
        raise ConfigurationError(
            f"{name!r:.80} {why}: use small letters, digits, - and _, beginning with a letter, as in livekitex init shop"
        )
    folder = parent / name
    if folder.is_symlink() or (folder.exists() and not (folder.is_dir() and not os.listdir(folder))):
        raise ConfigurationError(f"{folder} is there already, and nothing is overwritten: use another name, or another folder")
    try:
        made = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=parent))
    except OSError as failure:
        raise ConfigurationError(f"{parent}: {failure.strerror}: go to a folder that you may write to") from failure
    try:
        for path, text in FILES.items():
            (made / path).parent.mkdir(exist_ok=True)
            (made / path).write_text(text.replace("{{name}}", name), "utf-8")
        made.chmod(0o755)
        made.rename(folder)  # over an empty folder, and never over another
    except OSError as failure:
        shutil.rmtree(made, ignore_errors=True)
        raise ConfigurationError(f"{folder}: {failure.strerror}: make room, or use another name") from failure
    return folder
