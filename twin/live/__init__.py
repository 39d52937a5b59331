"""The live side of the desk: procedures in a process of their own, against a network over HTTP.

Nothing of the simulator is imported here, or can be: `seal` refuses it. What answers is a node's
JSON-RPC and the feeds of banks, venues, registers; in a rehearsal `twin serve` or `twin run` has
them all at one address.
"""
