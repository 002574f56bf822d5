"""The edge to Kubernetes: clusters whose API lists what runs, read with what botocore brings.

    cluster.py       a cluster: resources that it serves, and their objects page by page
    answers.py       what a cluster must answer, and what it refuses
    eks.py           the clusters of EKS of a target
    contexts.py      clusters that contexts of a kubeconfig name
    kubeconfig.py    kubeconfigs, as kubectl reads them
    in_cluster.py    the cluster in which ecrm runs
    exec_plugin.py   programs that give credentials
    credentials.py   who asks, and how long that holds
    endpoint.py      where a cluster is reached, and by what it is known
    tls.py           what verifies a cluster, and shows it who asks
    https.py         requests: verified, within their time, tried again where that can help

urllib3 is imported when the first cluster is asked, so that `--help` does not wait. No cluster is
asked for anything but lists: nothing here can change one.
"""

from ecrm.sources.kubernetes.client.answers import Answer
from ecrm.sources.kubernetes.client.cluster import Cluster, Resource

__all__ = ["Answer", "Cluster", "Resource"]
