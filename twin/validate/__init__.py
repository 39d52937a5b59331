"""What `twin validate` asserts: independent published figures, against the twin's own parts."""
