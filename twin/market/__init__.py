"""The markets around the protocol: commodity prices, data sources, external venues, customs."""
