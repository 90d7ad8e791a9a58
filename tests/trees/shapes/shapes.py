import math


def double(value):
    return 2 * value


class Shape:
    def describe(self):
        return "%s %.1f" % (self.name(), self.area())

    def name(self):
        return type(self).__name__.lower()


class Circle(Shape):
    def __init__(self, radius):
        self.radius = radius

    def area(self):
        return math.pi * math.pow(self.radius, 2)


class Square(Shape):
    def __init__(self, side):
        self.side = side
        self.scale = double

    def area(self):
        return self.side * self.side

    def grow(self):
        self.side = self.scale(self.side)
