def visit(visitor, item):
    visitor.enter(item)
    return [visit(visitor, part) for part in item.parts]
