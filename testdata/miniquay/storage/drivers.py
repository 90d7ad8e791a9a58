"""The storage drivers.

Pattern: SwiftStorage keeps its queue in a context object and enqueues when an upload ends.
Look-alikes: the same methods of LocalStorage and MemoryStorage, made with a context that holds the
same queue.
"""

import json


class StorageContext:
    def __init__(self, location, chunk_cleanup_queue):
        self.location = location
        self.chunk_cleanup_queue = chunk_cleanup_queue


class BaseStorage:
    def __init__(self, context):
        self._context = context

    def exists(self, upload_id):
        raise NotImplementedError

    def put_content(self, path, data):
        raise NotImplementedError

    def finish_chunked_upload(self, upload_id):
        raise NotImplementedError

    def cancel_chunked_upload(self, upload_id):
        raise NotImplementedError


class MemoryStorage(BaseStorage):
    def __init__(self, context):
        super().__init__(context)
        self._content = {}

    def exists(self, upload_id):
        return upload_id in self._content

    def put_content(self, path, data):
        self._content[path] = data

    def finish_chunked_upload(self, upload_id):
        return self._content.get(upload_id)

    def cancel_chunked_upload(self, upload_id):
        self._content.pop(upload_id, None)


class LocalStorage(MemoryStorage):
    def __init__(self, context, root="layers"):
        super().__init__(context)
        self._root = root

    def exists(self, upload_id):
        return super().exists(f"{self._root}/{upload_id}")


class SwiftStorage(BaseStorage):
    def __init__(self, context, container="layers"):
        super().__init__(context)
        self._container = container

    def exists(self, upload_id):
        return upload_id.startswith(self._container)

    def put_content(self, path, data):
        return f"{self._container}/{path}"

    def finish_chunked_upload(self, upload_id):
        self._drop_segments(upload_id)

    def cancel_chunked_upload(self, upload_id):
        self._drop_segments(upload_id)

    def _drop_segments(self, upload_id):
        body = {"location": self._context.location, "upload_id": upload_id}
        self._context.chunk_cleanup_queue.put([self._context.location], json.dumps(body))
