"""Recipes written as YAML: drawn as BPMN 2.0 with a layout of our own, and said again from what is drawn."""

from models.recipes.written.draw import draw
from models.recipes.written.layout import lay_out
from models.recipes.written.load import InvalidWriting, dump, load
from models.recipes.written.say import say
from models.recipes.written.ways import CannotSay

__all__ = ["CannotSay", "InvalidWriting", "draw", "dump", "lay_out", "load", "say"]
