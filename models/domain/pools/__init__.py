"""Pools of resources: what is asked of them, how they are cut up, and what comes of it. Pure."""
