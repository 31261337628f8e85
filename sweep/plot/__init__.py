"""Pictures of answers: one style for all of them, and one module for each kind."""
