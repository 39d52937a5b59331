"""System monitoring: performance, security and economics."""
