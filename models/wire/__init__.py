"""The versions of the APIs: one table per version over one stored body."""
