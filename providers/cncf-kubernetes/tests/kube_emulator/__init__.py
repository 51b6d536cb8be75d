"""An emulator of the Kubernetes API as far as pods go, and a kubelet that runs their commands as processes of this machine.

It answers as a real API server did that was measured beside it: uid, resourceVersion, selectors, watches that end, replay and
expire, 401, 403, 404, 409, 410, 422 and 429 with Status objects, deletion with grace. It is no Kubernetes: nothing of
scheduling, networks, volumes, probes, init containers or image pulls happens here but what a test asks for.
"""
