"""The notifier: brings owed events to whoever has subscribed to them."""
