"""Builds: the function that puts the item, and a look-alike beside it that only counts."""

import json

from app import build_queue


def begin_build(namespace, name):
    body = {"repository": f"{namespace}/{name}"}
    return build_queue.put([namespace, name], json.dumps(body), retries_remaining=1)


def build_summary(namespace, name):
    return build_queue.num_alive_jobs([namespace, name])
