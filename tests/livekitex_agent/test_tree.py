from livekitex_agent.tree import Node


def node(name: str, *children: Node, state: str = "running", os_pid: int = 7) -> Node:
    return Node(name=name, state=state, os_pid=os_pid, is_supervisor=bool(children), children=children)


def test_a_tree_is_printed_with_its_process_ids() -> None:
    tree = node("application", node("infrastructure", node("registry"), node("health_server", state="restarting", os_pid=0)), node("jobs"))
    assert tree.lines() == [
        "application  7",
        "├── infrastructure  7",
        "│   ├── registry  7",
        "│   └── health_server  restarting",
        "└── jobs  7",
    ]
    assert [each.name for each in tree.walk()] == ["application", "infrastructure", "registry", "health_server", "jobs"]
