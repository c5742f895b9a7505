"""The desk: a person takes over a chat and hands it back. What its rows say is the truth; Rasa knows nothing of it."""
