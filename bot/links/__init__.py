"""The check of web addresses: whether what the directory links to is still there. Nothing here changes a record."""
