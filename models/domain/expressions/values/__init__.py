"""What values are to the language: numbers, moments, durations, ranges, functions."""
