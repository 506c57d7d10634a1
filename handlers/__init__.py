"""How the world speaks to us: HTTP. Translates, decides nothing."""
