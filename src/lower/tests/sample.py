@(a or b)  # c
# d
async def f(x: int, y):
    with suppress(K):
        z = g()
    with lock:
        if x:
            return 1
        return 2
    match x:
        case None: return z
        case "a" | "b": q = 1
        case [u, *v, w] if u: q = u
        case K(k=r) | L(r): q = r
        case other: q = other
    if (m := f()) is not None and isinstance(y, (int, str)) or y == 1:
        m.foo(y)
    elif "s" in y: bar()
    elif y in ("a", 'b'):
        pass
    else:
        raise E
    t = f"{x!r}a" "b" f"{y:>{w}}" 
    v = a if x is None else x.z
    while True:
        try:
            k = 1
            k = await foo(**v)
            continue
        except E: break
        finally: h()
    d = {**a, 'k': 1, x: [*y, 1]}
    d[1:2] = y; d['a', 1] += 2
    d = {k: v for k, v in d.items() if k and v for z in v}
    if TYPE_CHECKING:
        import zz
    else:
        import yy
    if x:
        return
    elif y:
        abort()
    else:
        pass
    assert x.y, foo()
    del x.y, d
    return super().x, -1, not x, x < y, yield_, (n := 1), x[1:y], t'{x}'
from q import *
f(a)
import os.path
from a import b as c, d
__x = 1
@deco.one("x")
@two
def f(a, b: "mod.T" = 3, *args, c=os, **kw):
    """doc"""
    if a is None:
        abort(404)
    x = a
    y = [lambda: i + x for i in b if i]
    for z in y:
        if z is None:
            continue
        if z == "q":
            break
        x = z
    else:
        x = 5
    def g():
        nonlocal x
        x = a
        if b:
            return x
    try:
        k = one()
        k = two()
    except (KeyError, ValueError) as e:
        print(e, k)
    finally:
        print(k)
    return x or k and a.m(1)
class A(B, metaclass=M):
    q = 1
    def __init__(self, w):
        super().__init__()
        self.__w = w
        def inner():
            self.v = super().foo
        while w:
            w = w.next
        return None
    z = q + r
    r = f(lambda t: q)
