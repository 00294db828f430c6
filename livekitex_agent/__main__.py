"""``python -m livekitex_agent``: the command ``livekitex``, where that is not on the path."""

from livekitex_agent.cli import main

if __name__ == "__main__":
    main()
