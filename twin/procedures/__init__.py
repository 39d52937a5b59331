"""The procedures, as folders like the seed document: area, then group, five procedures a file.

A check is a function of the desk that returns a finding; a runbook is a generator of steps.
Neither knows whether it runs in the twin or live: they import the desk's port and nothing else.
"""
