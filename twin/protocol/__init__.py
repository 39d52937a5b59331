"""The contracts by name: ABI coding, deployment, roles, parameters, reads and invariants."""
