"""What we say: guidance, services, urgent words, all of it out of catalogues and the directory."""
