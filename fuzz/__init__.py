"""Coverage-guided fuzzing of what takes text from strangers: ``python -m fuzz`` runs each target in a process of its own."""
