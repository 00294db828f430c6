from actors.health_server import collection
from actors.health_server.collection import IN_FLIGHT, PROBE_S, REPORT_S, Collection, Collector
from actors.health_server.snapshot import DETAILS, PARTS, Node, Snapshot
from protocols import ChildInfo, Children, ErrorReply, Message, WhichChildren
from support.fake_context import Ask, FakeContext, ref
from support.health_answers import healthy

SILENT = ErrorReply(error="SystemUnavailableError", text="", retryable=True)


def info(actor_id: str, kind: str = "supervisor", *, up: bool = True) -> ChildInfo:
    state = "running" if up else "restarting"
    return ChildInfo(id=actor_id, state=state, type=kind, title="", ref=ref(actor_id) if up else None, os_pid=7)


def answer_parts(asks: list[Ask], **changes: Message | None) -> list[Ask]:
    """Answer everything but the questions about the tree, which are returned."""
    answers = {**healthy(), **changes}
    by_question = {(part, message): answers[part] for part, message in PARTS.items()}
    by_question |= {question: answers[key] for key, question in DETAILS.items()}
    rest = []
    for ask in asks:
        question = (str(ask.to), ask.message)
        if question in by_question:
            ask.then(by_question[question])
        else:
            rest.append(ask)
    return rest


def test_a_probe_asks_the_parts_at_once_and_no_more() -> None:
    context, got = FakeContext(), list[Snapshot]()
    Collection(context, full=False, deliver=got.append)
    asks = context.take_asks()
    assert [(ask.to, ask.message, ask.timeout_s) for ask in asks] == [(part, message, PROBE_S) for part, message in PARTS.items()]
    assert got == []
    context.clock.now += 0.25
    assert answer_parts(asks) == []
    [snapshot] = got
    assert snapshot == Snapshot(wall_s=context.clock.wall(), took_s=0.25, answers={part: healthy()[part] for part in PARTS}, tree=None)


def test_a_report_walks_the_tree_down() -> None:
    context, got = FakeContext(), list[Snapshot]()
    Collection(context, full=True, deliver=got.append)
    [root] = answer_parts(context.take_asks())
    assert (root.to, root.message) == ("application", WhichChildren())
    root.then(Children(children=(info("jobs"), info("infrastructure"))))
    jobs, infrastructure = context.take_asks()
    infrastructure.then(Children(children=(info("registry", "worker"),)))
    jobs.then(Children(children=(info("partition/1", up=False), info("partition/0"))))
    [partition] = context.take_asks()
    assert got == []
    partition.then(SILENT)
    [snapshot] = got
    assert snapshot.answers == healthy()
    node = Node(id="", type="supervisor", state="running", os_pid=7)
    assert snapshot.tree is not None
    assert [(n.id, n.state, n.children is None) for n in snapshot.tree.walk()] == [
        ("application", node.state, False),
        ("infrastructure", "running", False),
        ("registry", "running", False),
        ("jobs", "running", False),
        ("partition/0", "running", True),
        ("partition/1", "restarting", False),
    ]


def test_without_the_application_there_is_no_tree() -> None:
    context, got = FakeContext(), list[Snapshot]()
    Collection(context, full=True, deliver=got.append)
    [root] = answer_parts(context.take_asks())
    root.then(None)
    assert got[0].tree is None


def test_when_the_time_is_up_what_came_is_delivered_once() -> None:
    context, got = FakeContext(), list[Snapshot]()
    Collection(context, full=True, deliver=got.append)
    asks = context.take_asks()
    [root] = answer_parts([ask for ask in asks if ask.to != "registry"])
    root.then(Children(children=(info("jobs"),)))
    [jobs] = context.take_asks()
    context.advance(REPORT_S)
    [snapshot] = got
    assert "registry" not in snapshot.answers
    assert snapshot.tree is not None
    assert [node.children for node in snapshot.tree.walk()] == [snapshot.tree.children, None]
    jobs.then(Children(children=(info("partition/0"),)))
    next(ask for ask in asks if ask.to == "registry").then(None)
    assert (len(got), context.take_asks()) == (1, [])


def test_few_are_asked_at_a_time() -> None:
    context, got = FakeContext(), list[Snapshot]()
    Collection(context, full=True, deliver=got.append)
    [root] = answer_parts(context.take_asks())
    root.then(Children(children=tuple(info(f"job/{n}") for n in range(2 * IN_FLIGHT))))
    asked = 0
    while asks := context.take_asks():
        assert len(asks) <= IN_FLIGHT
        asked += len(asks)
        for ask in asks:
            ask.then(Children(children=()))
    assert (asked, len(got)) == (2 * IN_FLIGHT, 1)


def test_not_more_than_a_bound_are_asked() -> None:
    context, got = FakeContext(), list[Snapshot]()
    Collection(context, full=True, deliver=got.append)
    [root] = answer_parts(context.take_asks())
    root.then(Children(children=tuple(info(f"job/{n}") for n in range(collection.MAX_NODES + 1))))
    while asks := context.take_asks():
        for ask in asks:
            ask.then(Children(children=()))
    tree = got[0].tree
    assert tree is not None
    assert [node.id for node in tree.walk() if node.children is None] == [f"job/{collection.MAX_NODES}"]


def test_a_request_is_answered_by_a_collection_that_began_after_it() -> None:
    context, got = FakeContext(), list[tuple[str, Snapshot]]()
    collector = Collector(context)
    collector.want(full=False, deliver=lambda snapshot: got.append(("first", snapshot)))
    asks = context.take_asks()
    collector.want(full=False, deliver=lambda snapshot: got.append(("second", snapshot)))
    collector.want(full=False, deliver=lambda snapshot: got.append(("third", snapshot)))
    assert context.take_asks() == []
    answer_parts(asks, registry=SILENT)
    assert [who for who, _ in got] == ["first"]
    answer_parts(context.take_asks())
    assert [(who, snapshot.is_up("registry")) for who, snapshot in got] == [("first", False), ("second", True), ("third", True)]
    assert (collector.collections, context.take_asks()) == (2, [])


def test_a_probe_does_not_wait_for_a_report() -> None:
    context, got = FakeContext(), list[Snapshot]()
    collector = Collector(context)
    collector.want(full=True, deliver=got.append)
    context.take_asks()
    collector.want(full=False, deliver=got.append)
    answer_parts(context.take_asks())
    assert len(got) == 1
