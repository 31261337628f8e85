"""What a user asks for: a study file to axes, fixed values and outputs."""
