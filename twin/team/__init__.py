"""The operations team: people with shifts, keys with quorums, and who carries runbooks out."""
