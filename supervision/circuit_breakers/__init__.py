"""Circuit breakers: one per outside service, shared by all sessions of the node."""

from supervision.circuit_breakers.actor import CircuitBreakerRegistry

__all__ = ["CircuitBreakerRegistry"]
