"""The proof of the rules: that each fires, stays quiet, resolves and does not lie without data.

    cases ──> play ──> recorded series ──> replay of each rule and of its mutants ──> gate

A *case* is a world of at most two days with its fault, in a file of its own, that says what must
fire and when; whatever it does not name must stay quiet. A mutant that no case notices shows
that the rule is not held by anything.
"""
