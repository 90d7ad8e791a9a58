class WorkQueue:
    def __init__(self, queue_name, transaction, match=None, has_namespace=False):
        self.queue_name = queue_name
        self.items = []

    def put(self, names, message, available_after=0):
        self.items.append((names, message))
