"""How we speak to the world: fulfillers, subscribers, the database process."""
