"""Drafts of translations by a provider that the council has chosen; of public texts of the directory alone."""
