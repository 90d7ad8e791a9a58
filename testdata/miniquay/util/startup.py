"""What the application makes when it starts.

Pattern: TombstoneWriter.write is registered as a callback and enqueues. Look-alike: RenameLog.write
has the same name and holds the same queue, but is in another callback list and only looks.
Look-alike: the heartbeat thread is started at import; what it enqueues happens in no request and
belongs to no route. Look-alike of a work queue: RingBuffer has a `put` with the same arguments and
is none.
"""

import json
from collections import deque
from threading import Thread


class TombstoneWriter:
    def __init__(self, queue):
        self._queue = queue

    def write(self, namespace, name):
        body = {"kind": "tombstone", "subject": f"{namespace}/{name}"}
        self._queue.put([namespace], json.dumps(body))


class RenameLog:
    def __init__(self, queue):
        self._queue = queue
        self.seen = []

    def write(self, namespace, name):
        self.seen.append((namespace, name, self._queue.alive([namespace])))


def _beat(queue):
    queue.put(["start"], json.dumps({"kind": "heartbeat", "subject": "start"}))


def start_heartbeat(queue):
    Thread(target=_beat, args=(queue,), daemon=True).start()


class RingBuffer:
    def __init__(self, size):
        self._entries = deque(maxlen=size)

    def put(self, canonical_name_list, message):
        self._entries.append(("/".join(canonical_name_list), message))
        return len(self._entries)
