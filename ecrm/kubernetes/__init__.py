"""The edge to Kubernetes: clusters whose API lists what runs, read with what botocore brings.

cluster.py     a cluster: resources that it serves, and their objects page by page
answers.py     what a cluster must answer, and what it refuses
"""

from ecrm.kubernetes.answers import Answer
from ecrm.kubernetes.cluster import Cluster, Resource

__all__ = ["Answer", "Cluster", "Resource"]
