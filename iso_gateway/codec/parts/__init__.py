"""What is inside a data element, to any depth.

Nothing here runs when a message is decoded. The bytes of an element always stay as they came; who asks for a
part has it read then, and gets the fault then if it is broken.

A path names a part by the keys on the way to it, with dots between them; this is the one grammar of paths:

    55.9F26       the first data object of that tag; `message["55.9F26"]` is its value
    55.70.9F26    inside the constructed object 70
    48.2.61       part 2 of DE 48, in it tag 61
    63.3          element 3 of a bitmapped composite
    54.2.4        the second of the repeated groups, its part 4
    104.57#2.1    the second object of tag 57 where it occurs several times; ``57`` and ``57#1`` are the first

`positional`, `ber`, `tagged` and `bitmapped` each know one way in which bytes or characters are cut into pieces and
joined again. `structure` has what they share: finding, reading, changing. `part` says how the value of one piece
lies in it, `view` is what people get, `tree` goes through all of it, with the place of everything.
"""

from iso_gateway.codec.parts.structure import Structure
from iso_gateway.codec.parts.view import Item, Parts

__all__ = ["Item", "Parts", "Structure"]
