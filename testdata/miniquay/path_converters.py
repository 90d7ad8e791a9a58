"""URL converters used in rules: `<repopath:...>` and `<regex("..."):...>`."""

from werkzeug.routing import BaseConverter


class RepositoryPathConverter(BaseConverter):
    part_isolating = False
    regex = "[^/]+/[^/]+"


class RegexConverter(BaseConverter):
    def __init__(self, url_map, pattern):
        super().__init__(url_map)
        self.regex = pattern
