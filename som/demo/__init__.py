"""`som demo`: the main job on real input, with everything that belongs to it as processes of their own."""
