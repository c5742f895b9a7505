"""Services, and where, when and for whom they are."""
