"""A small program for the formats of call graphs."""

from shapes import Circle, Square


def total(shapes):
    return sum(map(lambda shape: shape.area(), shapes))


def spare():
    return Square(1).area()


if __name__ == "__main__":
    shapes = [Circle(2), Square(3)]
    for shape in shapes:
        print(shape.describe())
    print(total(shapes))
