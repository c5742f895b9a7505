"""Backups: what the product keeps, as one file, and back again."""
