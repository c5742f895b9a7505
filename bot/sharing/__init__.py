"""What the processes of one product share while it runs, through Redis. Nothing is kept there, and each does without while it is away."""
