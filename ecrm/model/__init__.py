"""The values that flow through the pipeline, and the text forms that they have.

Everything here is frozen and pure: images, uses, rules, decisions and outcomes; references to
images; durations, sizes and names as people write them; values as JSON and back. No module knows
AWS, the clock or the environment.
"""
