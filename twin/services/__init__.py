"""Services: counterparts of the team that answer as the real ones would, one noun a file."""
