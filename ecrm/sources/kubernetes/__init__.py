"""Clusters of Kubernetes: what their objects need, as uses.

resources.py   what is listed
reading.py     a cluster, resource by resource
objects.py     one object
shapes.py      what Kubernetes' own kinds must look like
pod.py         the images of a pod, or of a template of one
history.py     how much of the rollback history counts
eks.py         the clusters of EKS, as a source
named.py       the clusters of contexts, and the one in which ecrm runs
client/        asks a cluster
"""
