from queues import archive_queue


def work():
    while item := archive_queue.get():
        print(item)
