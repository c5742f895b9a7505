"""What the product fetches from elsewhere: feeds of other directories, where the operator allows it."""
