"""Recipes as files: BPMN 2.0 read into the model of `models.domain.recipes`, and their test cases in YAML."""

from models.recipes.reading import InvalidRecipe, read_recipe

__all__ = ["InvalidRecipe", "read_recipe"]
