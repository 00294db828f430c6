"""``livekitex calls``: which calls have a journal, and what stands in it. Looks only: nothing that lives is disturbed."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from actors import FileStore, describe_record, description_of
from livekitex_agent.cli.streams import tell_failure
from livekitex_agent.options import SystemOptions
from protocols import CallEntry, DecodeError, JournalError, UsageError, printable

LONGEST: Final = 100
"""Characters of a value in a line for people."""

Folder = Annotated[Path | None, typer.Option(metavar="FOLDER", help="The journal_dir of the calls, if not the usual place.")]
Json = Annotated[bool, typer.Option("--json", help="For machines.")]

app: Final = typer.Typer(help="List the calls that have a journal.", invoke_without_command=True, short_help="List the calls.")


@app.callback()
def calls(context: typer.Context, *, journal_dir: Folder = None, as_json: Json = False) -> None:
    """List the calls that have a journal, those written last first."""
    if context.invoked_subcommand is not None:
        context.obj = journal_dir
        return
    for entry in _store(journal_dir).list():
        call = _call(entry)
        typer.echo(json.dumps(call) if as_json else _line(call))


@app.command(short_help="Print a call's journal.")
def show(context: typer.Context, call_id: Annotated[str, typer.Argument()], *, journal_dir: Folder = None, as_json: Json = False) -> None:
    """Print what stands in a call's journal: first what the call is, then each record, oldest first."""
    try:
        store = _store(journal_dir or context.obj)
        entry, content = store.find(call_id), store.read(call_id)
    except JournalError as failure:
        tell_failure("calls", failure)
        raise typer.Exit(1) from failure
    if entry is None or content is None:
        tell_failure("calls", UsageError(f"{call_id!r} has no journal here: livekitex calls lists those that have one"))
        raise typer.Exit(1)
    call = _call(entry) | ({"damage": content.report} if content.report else {})
    typer.echo(json.dumps(call) if as_json else _line(call))
    for number, body in enumerate(content.bodies, 1):
        record = _decoded(body)
        typer.echo(json.dumps(record) if as_json else f"{number:>6}  {_words(record)}")


def _store(folder: Path | None) -> FileStore:
    path = SystemOptions(journal_dir=folder).journal_path
    if path is None:
        raise UsageError("there are no journals: give --journal-dir")
    return FileStore(path)


def _call(entry: CallEntry) -> dict[str, Any]:
    description = description_of(entry)
    state = "unreadable" if description is None else "ended" if entry.ended else "open"
    began = description.began_wall_s if description is not None else 0.0
    return {
        "call_id": entry.call_id,
        "state": state,
        "incarnation": entry.incarnation,
        "began": _time(began),
        "written": _time(entry.written_wall_s),
        "bytes": entry.size_bytes,
        "outcome": description.outcome if description is not None else entry.problem,
    }


def _line(call: Mapping[str, Any]) -> str:
    return "  ".join(f"{value!s}" if name == "call_id" else f"{name}={_short(value)}" for name, value in call.items() if value != "")


def _decoded(body: bytes) -> dict[str, Any]:
    """A record as plain data, whether or not this program knows its type."""
    try:
        return {name: _plain(value) for name, value in describe_record(body).items()}
    except DecodeError:
        return {"type": "", "bytes": body.hex()}


def _plain(value: Any) -> Any:  # noqa: ANN401 - see `_decoded`
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value if value is None or isinstance(value, str | int | float) else repr(value)


def _words(record: Mapping[str, Any]) -> str:
    kind, *fields = record.items()
    told = [f"{name}={_short(value)}" for name, value in fields if name != "critical"]
    return "  ".join((printable(str(kind[1])) or "?", *told))


def _short(value: Any) -> str:  # noqa: ANN401 - see `_decoded`
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = printable(text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _time(wall_s: float) -> str:
    return datetime.fromtimestamp(wall_s, UTC).isoformat(timespec="milliseconds") if wall_s else ""
