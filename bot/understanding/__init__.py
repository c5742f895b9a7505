"""What a message means, worked out from its text alone: no Rasa, no HTTP, no database."""
