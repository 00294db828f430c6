"""Health over HTTP: the five endpoints that operators, Kubernetes and Prometheus ask."""

from actors.health_server.actor import HealthServer

__all__ = ["HealthServer"]
