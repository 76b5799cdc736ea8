"""Synthetic trees for measuring planning and checking at scale.

    python bench/synthetic.py --modules 100000 --depth 40 --fan-in 8 --cycles 30,5,2 --seed 1 DIR

Writes one package, `synthetic`, into DIR: MODULES modules in DEPTH layers, spread over subpackages of at most 100. A
module imports FAN_IN others, most of them in the layer below it and the rest anywhere further down, so that the longest
chain is about as long as there are layers. `--cycles` lists the sizes of import cycles; each is a ring of neighbours
within one layer. Every module looks like a small real one: imports, a class, two typed functions that use what was
imported. mypy finds nothing wrong with them, also with --strict.

The tree is a function of the arguments alone (random.Random(seed); the seed is printed). From Python:

    shape = Shape(modules=1000, depth=10, fan_in=4, cycles=(30, 5, 2), seed=1)
    tree = generate(shape, "/some/directory")
    tree.package, tree.leaf, tree.hub, tree.cycle    # what to check; files that are worth editing
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from dataclasses import dataclass

PACKAGE = "synthetic"
FOLDER_SIZE = 100
NEIGHBOURS = 0.75  # the share of imports that goes to the layer right below

MODULE = '''"""Module {number} of layer {layer}."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
{imports}

@dataclass
class {name}:
    """Something to import."""

    size: int
    label: str = "{name}"
    parts: list[str] = field(default_factory=list)

    def grown(self, by: int) -> {name}:
        return {name}(self.size + by, self.label, self.parts + [os.path.basename(self.label)])


def make(size: int) -> {name}:
    total = size
{body}    return {name}(total)


def describe(items: list[{name}]) -> dict[str, int]:
    found: dict[str, int] = {{}}
    for item in items:
        found[item.label] = found.get(item.label, 0) + item.size
    return found
'''


@dataclass(frozen=True)
class Shape:
    modules: int
    depth: int = 10
    fan_in: int = 4
    cycles: tuple[int, ...] = ()
    seed: int = 1


@dataclass(frozen=True)
class Tree:
    base: str  # the directory to check in
    package: str  # what to check: PACKAGE
    leaf: str  # a file that nothing imports
    hub: str  # a file of the lowest layer, the most imported one
    cycle: str  # a file in the largest cycle; the leaf if there is none


def module_path(number: int) -> tuple[str, str, str]:
    """The folder, module and class of a module's number."""
    return f"p{number // FOLDER_SIZE:04}", f"m{number:06}", f"C{number:06}"


def layers_of(shape: Shape) -> list[range]:
    depth = max(1, min(shape.depth, shape.modules))
    bounds = [shape.modules * i // depth for i in range(depth + 1)]
    return [range(bounds[i], bounds[i + 1]) for i in range(depth)]


def place_cycles(shape: Shape, layers: list[range]) -> dict[int, int]:
    """For each module in a cycle the one that it imports: rings of neighbours, from the middle layers outwards."""
    order = sorted(range(len(layers)), key=lambda i: abs(i - len(layers) // 2))
    used = dict.fromkeys(order, 0)
    ring: dict[int, int] = {}
    for size in sorted(shape.cycles, reverse=True):
        if size < 2:
            sys.exit(f"synthetic.py: a cycle has at least two modules, not {size}")
        for layer in order:
            members = layers[layer][used[layer] : used[layer] + size]
            if len(members) == size:
                used[layer] += size
                ring.update(zip(members, [*members[1:], members[0]]))
                break
        else:
            sys.exit(f"synthetic.py: no layer has room for a cycle of {size}; give fewer layers or more modules")
    return ring


def choose_imports(shape: Shape, layers: list[range], layer: int, rng: random.Random) -> set[int]:
    chosen: set[int] = set()
    if layer == 0:
        return chosen
    below = layers[layer - 1]
    for _ in range(shape.fan_in):
        anywhere = rng.random() >= NEIGHBOURS
        chosen.add(rng.randrange(below.stop) if anywhere else below.start + rng.randrange(len(below)))
    return chosen


def source_of(number: int, layer: int, imports: list[int], next_in_ring: int | None) -> str:
    lines, body = [], []
    for i in imports:
        folder, module, name = module_path(i)
        if i % 3 == 0:
            lines.append(f"from {PACKAGE}.{folder} import {module}")
            body.append(f"    total += {module}.make(total).grown(1).size\n")
        else:
            lines.append(f"from {PACKAGE}.{folder}.{module} import {name}")
            body.append(f"    total += {name}(total).grown({i % 7}).size\n")
    if next_in_ring is not None:
        folder, module, name = module_path(next_in_ring)
        lines.append(f"from {PACKAGE}.{folder} import {module}")
        body.append(f"    total += len({module}.describe([{module}.{name}(size)]))\n")
    text = "".join(line + "\n" for line in lines)
    return MODULE.format(
        number=number, layer=layer, imports="\n" + text if text else "", name=module_path(number)[2], body="".join(body)
    )


def write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii", newline="\n") as f:
        f.write(text)


def generate(shape: Shape, base: str) -> Tree:
    rng = random.Random(shape.seed)
    layers = layers_of(shape)
    ring = place_cycles(shape, layers)
    root = os.path.join(base, PACKAGE)
    os.makedirs(root)
    write(os.path.join(root, "__init__.py"), "")
    imported = [0] * shape.modules
    for layer, numbers in enumerate(layers):
        for number in numbers:
            folder, module, _ = module_path(number)
            directory = os.path.join(root, folder)
            if not os.path.isdir(directory):
                os.mkdir(directory)
                write(os.path.join(directory, "__init__.py"), "")
            imports = sorted(choose_imports(shape, layers, layer, rng))
            for i in imports:
                imported[i] += 1
            write(os.path.join(directory, module + ".py"), source_of(number, layer, imports, ring.get(number)))

    def file_of(number: int) -> str:
        folder, module, _ = module_path(number)
        return os.path.join(root, folder, module + ".py")

    leaf = file_of(shape.modules - 1)
    hub = max(layers[0], key=lambda n: (imported[n], -n))
    largest = max(shape.cycles, default=0)
    first = next((n for n in sorted(ring) if largest and ring_length(ring, n) == largest), None)
    return Tree(base, PACKAGE, leaf, file_of(hub), leaf if first is None else file_of(first))


def ring_length(ring: dict[int, int], start: int) -> int:
    length, at = 1, ring[start]
    while at != start:
        length, at = length + 1, ring[at]
    return length


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Write a synthetic tree of Python modules.")
    parser.add_argument("--modules", type=int, default=1000)
    parser.add_argument("--depth", type=int, default=10, help="layers: about the longest chain of imports")
    parser.add_argument("--fan-in", type=int, default=4, help="imports of each module")
    parser.add_argument("--cycles", default="", help="sizes of import cycles, as 30,5,2")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("directory", help="the package is made in it; it must not have one yet")
    a = parser.parse_args(argv)
    cycles = tuple(int(size) for size in a.cycles.split(",") if size)
    tree = generate(Shape(a.modules, a.depth, a.fan_in, cycles, a.seed), a.directory)
    print(f"{a.modules} modules, depth {a.depth}, fan-in {a.fan_in}, cycles {a.cycles or 'none'}, seed {a.seed}")
    print(f"leaf {tree.leaf}\nhub {tree.hub}\ncycle {tree.cycle}")


if __name__ == "__main__":
    main()
