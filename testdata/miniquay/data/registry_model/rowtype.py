"""Makes base classes for rows.

Pattern: a function returns a class that is used as a base class; its `build`, `save` and
`__getattr__` belong to one call of the function. What `save` does on `self` depends on the
subclass.
"""


def row_type(name, fields):
    class Row:
        def __init__(self, **values):
            missing = [field for field in fields if field not in values]
            if missing:
                raise TypeError(f"{name} lacks {missing}")
            self._values = values

        def __getattr__(self, field):
            if field in fields:
                return self._values[field]
            raise AttributeError(field)

        @classmethod
        def build(cls, **values):
            return cls(**values)

        def save(self):
            self.after_save()
            return self

        def after_save(self):
            pass

    return Row
