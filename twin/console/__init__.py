"""The console and the servers: what a browser or another program talks to."""
