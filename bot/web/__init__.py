"""The front door: the only process that listens to anybody but the other two."""
