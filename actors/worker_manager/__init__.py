"""The worker: which calls this node takes, and where each of them runs."""

from actors.worker_manager.actor import WorkerManager

__all__ = ["WorkerManager"]
