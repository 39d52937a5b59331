"""The desk: all that an operator can see and do, with a twin side and a live side."""
