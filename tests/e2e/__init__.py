"""End-to-end tests: one platform in one sandbox, used as a person would use it."""
