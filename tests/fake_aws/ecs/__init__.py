"""Amazon ECS: `control` and the state modules hold it, the others answer."""
