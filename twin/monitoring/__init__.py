"""Monitoring: what is measured, how it is kept, and the rules that turn it into alerts.

    collectors ──> registry ──> series ──> promql ──> alerts ──> board, transitions

The shapes are those of Prometheus 2.42 (Debian's): metric names and labels, staleness, PromQL,
rule files, the alert state machine. Collectors see the world through the desk alone.
"""
