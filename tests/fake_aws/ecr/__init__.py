"""Amazon ECR: state in `registry`, `repository` and `image`; what it answers in the other modules.

Nothing is imported here, so that `account` can import the state and the operations `account`.
"""
