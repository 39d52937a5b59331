"""The chain: blocks, mempool, base fee, receipts, logs and reorgs over an engine."""
