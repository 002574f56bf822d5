"""Carries out a plan, records what happens in a journal, and restores images from one.

In goes a plan that was reviewed; out comes one outcome per image, as AWS answers. Nothing here
decides: a plan can only shrink between its review and the deletion.
"""
