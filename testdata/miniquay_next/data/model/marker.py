"""One helper, several queues: the queue is a parameter and each caller brings its own.

A caller that brings the repository queue must not be given the namespace queue, and the reverse.
"""

import json


def schedule_marker(queue, path, marker_id):
    return queue.put(path, json.dumps({"marker_id": marker_id, "attempt": 1}))
