"""The off switches: what an officer or the operator stops at once, and the history of it."""
