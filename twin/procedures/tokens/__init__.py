"""Token management: foundation token, payment token and reserve."""
