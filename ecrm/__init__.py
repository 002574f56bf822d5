"""ecrm deletes stale Amazon ECR images, and never one that is in use."""
