"""The built-in blueprints: one module each, with ``TYPES``: pipeline type name to PipelineType.

They use nothing that a team's own blueprint cannot use; ``blueprint.py`` imports them by name on first use.
"""
