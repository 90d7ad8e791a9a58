"""The index.

Pattern: the body of a `with` calls the closure that the context manager yielded. Look-alike: the
body of the `with` on the same context manager does not. Pattern: `import a.b.c` inside a function;
look-alike: the function of the same name in a sibling module, imported in the same way.
"""

from endpoints.decorators import parse_repository_name
from endpoints.v1 import v1_bp
from notifications import notification_batch


@v1_bp.route("/repositories/<repopath:repository>/images", methods=["PUT"])
@parse_repository_name
def finish_push(namespace, name):
    with notification_batch() as add_event:
        add_event(f"{namespace}/{name}", "repo_push")
    return "", 204


@v1_bp.route("/repositories/<repopath:repository>/auth", methods=["PUT"])
@parse_repository_name
def check_push(namespace, name):
    with notification_batch() as add_event:
        answer = {"checked": name, "ready": callable(add_event)}
    return answer


@v1_bp.route("/repositories/<repopath:repository>/copies", methods=["POST"])
@parse_repository_name
def copy_blobs(namespace, name):
    import util.registry.replication

    return {"copies": util.registry.replication.replicate(namespace, ["sha256:0a", "sha256:0b"])}


@v1_bp.route("/repositories/<repopath:repository>/copies", methods=["GET"])
@parse_repository_name
def count_copies(namespace, name):
    import util.registry.checks

    return {"copies": util.registry.checks.replicate(namespace, ["sha256:0a", "sha256:0b"])}
