"""What the verbs of the command line do; `twin.cli` imports each only when it is asked for."""
