-- Parts: what is inside an element, as the spec declares it. Each kind of composite cuts a value into pieces:
-- key, part (nil: the spec says nothing), from (where its head begins), at, to (its body), length (in units of its row).

local function body_of(row, binary, length)
  return binary and size(row, length) or length
end

local function filled(part, value, at, to, from, key)
  local length = to - at
  if value.binary and part and part.row.op == "packed" then
    length = 2 * length
  elseif value.binary and part and part.row.op == "signed" then
    length = math.max(0, 2 * length - 1)
  end
  return {key = key or part.key, part = part, from = from or at, at = at, to = to, length = length}
end

local function noun(value)
  return value.binary and "byte" or "character"
end

-- The part that begins at a unit of a value.
local function cut(part, value, at)
  if part.rest then
    return filled(part, value, at, value.n + 1)
  end
  local row, from = part.row, at
  local length = row.high
  if row.width > 0 then
    if value.n - at + 1 < row.width then
      refuse(at, "length prefix: " .. many(value.n - at + 1, noun(value)) .. " left, " .. row.width .. " needed", part.key)
    end
    local good, said = pcall(length_of, row, slice(value, at, at + row.width), at)
    if not good then
      refuse(at, said.why or tostring(said), part.key)
    end
    length = said
    at = at + row.width
  end
  local needed = body_of(row, value.binary, length)
  if value.n - at + 1 < needed then
    refuse(at, many(value.n - at + 1, noun(value)) .. " left, " .. needed .. " needed", part.key)
  end
  return {key = part.key, part = part, from = from, at = at, to = at + needed, length = length}
end

local CUTS = {}

-- Every kind of composite calls give(piece) for each, and refuses where it cannot go on.
local function pieces(structure, value, give)
  CUTS[structure.kind](structure, value, give)
end

function CUTS.positional(structure, value, give)
  local at = 1
  for _, part in ipairs(structure.parts) do
    if at > value.n then
      return
    end
    local piece = cut(part, value, at)
    at = piece.to
    give(piece)
  end
  if at <= value.n then
    refuse(at, many(value.n - at + 1, noun(value)) .. " after the last part")
  end
end

function CUTS.layouts(structure, value, give)
  for _, layout in ipairs(structure.layouts) do
    if layout.size == value.n then
      return pieces(layout, value, give)
    end
  end
end

function CUTS.repeated(structure, value, give)
  local at, nth = 1, 0
  while at <= value.n do
    nth = nth + 1
    local good, piece = pcall(cut, structure.part, value, at)
    if not good then
      refuse(piece.at or at, piece.why or tostring(piece), tostring(nth))
    end
    piece.key = tostring(nth)
    at = piece.to
    give(piece)
  end
end

-- BER-TLV

local function is_padding(value, at)
  local first = value[at]:byte()
  if first == 255 then
    local next_one = at < value.n and value[at + 1]:byte() or nil
    return not next_one or not (next_one == 0x81 or (next_one >= 1 and next_one <= 0x1E))
  end
  return first == 0
end

local function after_tag(value, at)
  local from = at
  local more = value[at]:byte() % 32 == 31
  at = at + 1
  while more do
    if at > value.n then
      refuse(from, "a tag that is cut short")
    elseif at - from >= 4 then
      refuse(from, "a tag longer than 4 bytes")
    end
    more = value[at]:byte() >= 128
    at = at + 1
  end
  return at
end

local function ber_length(value, at, tag)
  if at > value.n then
    refuse(at, "no length after the tag", tag)
  end
  local first = value[at]:byte()
  at = at + 1
  if first < 128 then
    return first, at
  end
  local size_of_it = first - 128
  if size_of_it < 1 or size_of_it > 4 then
    refuse(at - 1, "not a length of definite form", tag)
  elseif value.n - at + 1 < size_of_it then
    refuse(at, "a length of " .. size_of_it .. " bytes that is cut short", tag)
  end
  return number(text(slice(value, at, at + size_of_it))), at + size_of_it
end

function CUTS.ber(structure, value, give)
  local at = 1
  while true do
    while at <= value.n and is_padding(value, at) do
      at = at + 1
    end
    if at > value.n then
      return
    end
    local from = at
    at = after_tag(value, at)
    local tag = hexed(slice(value, from, at))
    local length
    length, at = ber_length(value, at, tag)
    if value.n - at + 1 < length then
      refuse(at, many(value.n - at + 1, "byte") .. " left, " .. length .. " needed", tag)
    end
    give(filled(structure.parts[tag], value, at, at + length, from, tag))
    at = at + length
  end
end

-- Tag and length of fixed width

local function tag_of(figure, found)
  local tag
  if not found.binary then
    tag = text(found)
  elseif figure.encoding == "bcd" or figure.encoding == "binary" then
    tag = hexed(found)
    return (figure.encoding == "binary" or tag:find("^[0-9]+$")) and tag or nil
  elseif figure.encoding == "ascii" then
    tag = text(found)
  else
    tag = text(by_table(found, figure.encoding))
  end
  return tag:find("^%w+$") and tag or nil
end

function CUTS.tagged(structure, value, give)
  local at = 1
  local head = structure.tag.size + structure.length.size
  while at <= value.n do
    local from = at
    at = from + head
    if value.n < at - 1 then
      refuse(from, "tag and length: " .. many(value.n - from + 1, noun(value)) .. " left, " .. head .. " needed")
    end
    local middle = from + (structure.length_first and structure.length.size or structure.tag.size)
    local first, second = slice(value, from, middle), slice(value, middle, at)
    local tag = tag_of(structure.tag, structure.length_first and second or first)
    if not tag then
      refuse(structure.length_first and middle or from, "not a tag")
    end
    local said = count(structure.length_first and first or second, structure.length.encoding)
    local extra = structure.counts_tag and structure.tag.size or 0
    if not said or said < extra then
      refuse(structure.length_first and from or middle, "not a length", tag)
    elseif value.n - at + 1 < said - extra then
      refuse(at, many(value.n - at + 1, noun(value)) .. " left, " .. (said - extra) .. " needed", tag)
    end
    give(filled(structure.parts[tag], value, at, at + said - extra, from, tag))
    at = at + said - extra
  end
end

-- Bitmaps

local function word(structure, value, at, bytes, wide)
  local needed = bytes * wide
  if value.n - at + 1 < needed then
    refuse(at, "bitmap: " .. many(value.n - at + 1, noun(value)) .. " left, " .. needed .. " needed")
  end
  local found = slice(value, at, at + needed)
  if wide == 2 then
    if found.binary then
      found = structure.encoding == "ascii" and in_ascii(found) or by_table(found, structure.encoding)
    end
    found = from_hex(found)
  end
  local bits = {}
  for i = 1, bytes do
    local byte = found[i]:byte()
    for bit_of_it = 7, 0, -1 do
      bits[#bits + 1] = floor(byte / 2 ^ bit_of_it) % 2 == 1
    end
  end
  return bits
end

local function bitmapped(structure, value, give, bytes_of, names)
  if value.n == 0 then
    return nil
  end
  local wide = value.binary and structure.encoding == "binary" and 1 or 2
  local words, at = {}, 1
  repeat
    local bytes = bytes_of(#words + 1)
    words[#words + 1] = word(structure, value, at, bytes, wide)
    at = at + bytes * wide
  until not (structure.chained and words[#words][1])
  local place = 0
  for nth, bits in ipairs(words) do
    for i, set in ipairs(bits) do
      local key = names(words, nth, i)
      if key and set then
        local part = structure.parts[tostring(key)]
        if not part then
          refuse(floor(place / 8) * wide + 1, "the spec has no such part", tostring(key))
        end
        local piece = cut(part, value, at)
        at = piece.to
        give(piece)
      end
      place = place + 1
    end
  end
  return at, words
end

local function nothing_left(value, at)
  if at and at <= value.n then
    refuse(at, many(value.n - at + 1, noun(value)) .. " after the last part")
  end
end

function CUTS.bitmapped(structure, value, give)
  local function names(words, nth, i)
    return (i > 1 or not structure.chained) and (nth - 1) * #words[1] + i or nil
  end
  nothing_left(value, (bitmapped(structure, value, give, function() return structure.size end, names)))
end

function CUTS.dataset_map(structure, value, give)
  local element, place = 0, 0
  local function names(words, nth, i)
    place = place + 1
    if i == 1 or (nth == #words and i == #words[nth]) then
      return nil
    end
    element = element + 1
    return structure.by_bit and place or element
  end
  local at, words = bitmapped(structure, value, give, function(nth) return nth == 1 and 2 or 1 end, names)
  if words and words[#words][#words[#words]] then
    give(filled(structure.tail, value, at, value.n + 1))
  else
    nothing_left(value, at)
  end
end

-- How the value of a piece is cut further.
local function inside_of(structure, piece)
  local part = piece.part
  if structure.kind == "ber" then
    if part and (part.inside or not part.row.binary) then
      return part.inside
    end
    local constructed = floor(tonumber(piece.key:sub(1, 2), 16) / 32) % 2 == 1
    if not constructed or structure.depth == 0 then
      return nil
    end
    return {kind = "ber", parts = structure.parts, named = structure.named, depth = structure.depth - 1}
  elseif structure.kind == "tagged" and not part then
    return structure.others[piece.key]
  end
  return part and part.inside
end

-- The name of a piece, and what may be seen of it.
local function known(structure, piece)
  if piece.part then
    return piece.part.name, piece.part.mask
  elseif structure.kind == "ber" and structure.named then
    local constructed = floor(tonumber(piece.key:sub(1, 2), 16) / 32) % 2 == 1
    return EMV[piece.key] or "", EMV_SHOWN[piece.key] and not constructed and "none" or "all"
  end
  return "", "all"
end

-- The value of a piece.
local function value_of(piece, value)
  local found = slice(value, piece.at, piece.to)
  if not piece.part then
    return found
  end
  local row = piece.part.row
  if value.binary then
    return read(row, found, piece.length)
  elseif row.binary then
    return from_hex(found)
  end
  return checked(row, found)
end
