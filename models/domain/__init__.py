"""What is true: life cycles, plans, decomposition, selection. Pure; imports the standard library only."""
