-- Values: bytes on the wire -> what they say, and what people may see of it.
--
-- A value is a table of units: bytes (binary = true; each a string of one byte) or characters (each in UTF-8), with
-- p[i], the half byte of the buffer at which unit i begins, and p[n + 1], at which the last one ends.

local floor = math.floor

-- What cannot be read: thrown as a table, so that a mistake of our own stays apart. Never with what was read in it.
local function refuse(at, why, key)
  error({at = at, why = why, key = key or ""}, 0)
end

local function many(count, noun)
  return count .. " " .. noun .. (count == 1 and "" or "s")
end

-- Bytes from..to - 1 (from 1) of a string that begins at byte base of the buffer.
local function octets(raw, from, to, base)
  local value = {binary = true, n = to - from, p = {}}
  for i = from, to - 1 do
    value[i - from + 1] = raw:sub(i, i)
    value.p[i - from + 1] = 2 * (base + i - 1)
  end
  value.p[value.n + 1] = 2 * (base + to - 1)
  return value
end

-- Units from..to - 1 of a value.
local function slice(value, from, to)
  local part = {binary = value.binary, n = to - from, p = {}}
  for i = from, to do
    part.p[i - from + 1] = value.p[i]
    if i < to then
      part[i - from + 1] = value[i]
    end
  end
  return part
end

local function text(value)
  return table.concat(value, "", 1, value.n)
end

local function hexed(value)
  return (text(value):gsub(".", function(each) return string.format("%02X", each:byte()) end))
end

local function number(raw)
  local found = 0
  for i = 1, #raw do
    found = found * 256 + raw:byte(i)
  end
  return found
end

-- Characters

local function in_ascii(value)
  local characters = {n = value.n, p = value.p}
  for i = 1, value.n do
    local byte = value[i]:byte()
    -- As Latin-1, so that a byte over 7F stays one character.
    characters[i] = byte < 128 and value[i] or string.char(192 + floor(byte / 64), 128 + byte % 64)
  end
  return characters
end

local function by_table(value, codec)
  local characters = {n = value.n, p = value.p}
  for i = 1, value.n do
    characters[i] = SPEC.codecs[codec][value[i]:byte() + 1]
  end
  return characters
end

local UNKNOWN = "\239\191\189"

-- The bytes of the character that begins at unit i, and the character; nil where they are none.
local function character(value, i, codec)
  local first = value[i]:byte()
  local second = i < value.n and value[i + 1]:byte() or 0
  if first < 128 then
    return 1, value[i]
  elseif codec == "utf-8" then
    local size = first >= 0xF0 and first < 0xF5 and 4 or first >= 0xE0 and 3 or first >= 0xC2 and 2 or 5
    local raw = i + size - 1 <= value.n and text(slice(value, i, i + size)) or ""
    return raw:find("^[\194-\244][\128-\191]+$") and size or nil, raw
  elseif codec == "gb18030" and second >= 0x30 and second <= 0x39 then
    -- There are over a million of them, and no table here.
    return i + 3 <= value.n and 4 or nil, UNKNOWN
  end
  local known = SPEC.wide[codec]
  if known.single[first] then
    return 1, known.single[first]
  end
  local row = known.rows[first]
  if type(row) == "string" then
    local split = {}
    for each in row:gmatch("[%z\1-\127\194-\244][\128-\191]*") do
      split[#split + 1] = each
    end
    known.rows[first] = split
    row = split
  end
  local found = row and row[second - 0x3F]
  return found and found ~= UNKNOWN and 2 or nil, found
end

local function by_codec(value, codec)
  local characters = {n = 0, p = {}}
  local i = 1
  while i <= value.n do
    local size, found = character(value, i, codec)
    if not size then
      refuse(i, "not characters in " .. codec)
    end
    characters.n = characters.n + 1
    characters[characters.n] = found
    characters.p[characters.n] = value.p[i]
    i = i + size
  end
  characters.p[characters.n + 1] = value.p[value.n + 1]
  return characters
end

local function nibbles(value, from, length, left)
  local digits = {n = 0, p = {}}
  local all = (value.n - from + 1) * 2
  local skipped = left and length % 2 or 0
  for i = skipped, skipped + length - 1 do
    if i < all then
      local byte = value[from + floor(i / 2)]:byte()
      digits.n = digits.n + 1
      digits[digits.n] = string.format("%X", i % 2 == 0 and floor(byte / 16) or byte % 16)
      digits.p[digits.n] = value.p[from + floor(i / 2)] + i % 2
    end
  end
  digits.p[digits.n + 1] = digits.n > 0 and digits.p[digits.n] + 1 or value.p[from] + skipped
  return digits
end

-- Bytes of characters that are hexadecimal digits.
local function from_hex(characters)
  local value = {binary = true, n = floor(characters.n / 2), p = {}}
  for i = 1, characters.n do
    if not characters[i]:find("^%x$") then
      refuse(i, "not hexadecimal digits")
    end
  end
  if characters.n % 2 == 1 then
    refuse(characters.n + 1, "an odd number of hexadecimal digits")
  end
  for i = 1, value.n do
    value[i] = string.char(tonumber(characters[2 * i - 1] .. characters[2 * i], 16))
    value.p[i] = characters.p[2 * i - 1]
  end
  value.p[value.n + 1] = characters.p[characters.n + 1]
  return value
end

-- Formats

local CONTROL = "^[%z\1-\31\127]$"
local CONTROL_1 = "^\194[\128-\159]$"
local PATTERNS = {
  n = "^[0-9]$", a = "^[A-Za-z ]$", an = "^[A-Za-z0-9 ]$", anp = "^[A-Za-z0-9 ]$", ns = "^[ -@%[-`{-~]$",
  ans = "^[ -~]$", z = "^[0-9:-?D]$", any = "^[%z\1-\127]$", nibbles = "^[0-9A-F]$", zp = "^[0-9A-F]$",
}

local function fits(check, each)
  if check == "anyw" then
    return true
  elseif check == "nsw" or check == "answ" then
    return not (each:find(CONTROL) or each:find(CONTROL_1) or (check == "nsw" and each:find("^%a$")))
  end
  return each:find(PATTERNS[check]) ~= nil
end

local function checked(row, characters)
  for i = 1, characters.n do
    local good
    if row.check == "xn" then
      good = characters[i]:find(i == 1 and "^[CD]$" or "^[0-9]$")
    else
      good = fits(row.check, characters[i])
    end
    if not good then
      refuse(i, "not " .. row.words)
    end
  end
  return characters
end

-- Lengths

-- What a prefix says, or nil where it is no number of that encoding.
local function count(head, encoding)
  local raw = text(head)
  if encoding == "binary" then
    return number(raw)
  elseif encoding == "bcd" then
    local digits = hexed(head)
    return digits:find("^[0-9]+$") and tonumber(digits) or nil
  elseif encoding == "hex" then
    return raw:find("^[0-9A-F]+$") and tonumber(raw, 16) or nil
  elseif encoding ~= "ascii" and encoding ~= "" then
    raw = text(by_table(head, encoding))
  end
  return raw:find("^[0-9]+$") and tonumber(raw) or nil
end

-- The bytes that a body of that many units takes; nil where only its codec knows.
local function size(row, length)
  if row.op == "packed" then
    return floor((length + 1) / 2)
  elseif row.op == "signed" then
    return 1 + floor(length / 2)
  end
  return row.op ~= "wide" and length or nil
end

-- The bytes of so many characters from unit at on, as far as they are there.
local function extent(row, value, at, length)
  local i = at
  for _ = 1, length do
    if i > value.n then
      return nil
    end
    i = i + (character(value, i, row.codec) or 1)
  end
  return i - at
end

local function length_of(row, head, at)
  local said = count(head, row.prefix)
  if not said then
    refuse(at, "not a length")
  end
  local length = (said - row.extra) * row.step
  if length < row.low or length > row.high then
    local from, to = math.ceil(row.low / row.step) + row.extra, floor(row.high / row.step) + row.extra
    refuse(at, "length " .. said .. ", " .. from .. " to " .. to .. " allowed")
  end
  return length
end

-- What the bytes of a whole body say.
local function read(row, value, length)
  if row.op == "bytes" then
    return value
  elseif row.op == "hex" then
    return from_hex(in_ascii(value))
  elseif row.op == "hexed" then
    return from_hex(by_table(value, row.codec))
  elseif row.op == "packed" then
    return checked(row, nibbles(value, 1, length, row.left))
  elseif row.op == "signed" then
    if value.n == 0 then
      return {n = 0, p = value.p}
    end
    local digits = nibbles(value, 2, length - 1, row.left)
    local signed = {n = digits.n + 1, p = {value.p[1]}, in_ascii(slice(value, 1, 2))[1]}
    for i = 1, digits.n do
      signed[i + 1] = digits[i]
      signed.p[i + 1] = digits.p[i]
    end
    signed.p[signed.n + 1] = digits.p[digits.n + 1]
    return checked(row, signed)
  elseif row.op == "text" then
    return checked(row, in_ascii(value))
  elseif row.op == "chars" then
    return checked(row, by_table(value, row.codec))
  end
  return checked(row, by_codec(value, row.codec))
end

-- Masks

local function stars(count)
  return string.rep("*", count)
end

local function decimal(value, from, to)
  for i = from, to do
    if not value[i]:find("^[0-9]$") then
      return false
    end
  end
  return true
end

local function card(value, from, to)
  local digits = to - from + 1
  if digits < 13 or digits > 19 or not decimal(value, from, to) then
    return stars(digits)
  end
  return table.concat(value, "", from, from + 5) .. stars(digits - 10) .. table.concat(value, "", to - 3, to)
end

local function luhn(value, from, to)
  local total = 0
  for i = from, to do
    local digit = tonumber(value[i])
    if (to - i) % 2 == 1 then
      digit = digit * 2
    end
    total = total + floor(digit / 10) + digit % 10
  end
  return total % 10 == 0
end

-- A digit of any script that fills a whole width counts: what looks like a card number is one.
local function like_digit(each)
  return each and (each:find("^[0-9]$") or each:find("^\239\188[\144-\153]$"))
end

-- Free text: runs of 9 digits or more, one or two separators between them, are stars; 6 and 4 of a card number are not.
local function scanned(value)
  local out = {}
  local i = 1
  while i <= value.n do
    local last, digits = i, 1
    if like_digit(value[i]) then
      local going = true
      while going do
        going = false
        for gap = 0, 2 do
          if like_digit(value[last + gap + 1]) then
            last, digits, going = last + gap + 1, digits + 1, true
            break
          elseif not (value[last + gap + 1] or ""):find("^[ ./=D^%-]$") then
            break
          end
        end
      end
    else
      digits = 0
    end
    if digits < 9 then
      out[#out + 1] = table.concat(value, "", i, last)
    elseif decimal(value, i, last) and luhn(value, i, last) then
      out[#out + 1] = card(value, i, last)
    else
      out[#out + 1] = stars(last - i + 1)
    end
    i = last + 1
  end
  return table.concat(out)
end

local HIDDEN_CHARACTERS = {
  "^[%z\1-\31\127]$", "^\194[\128-\160]$", "^\194\173$", "^\226\128[\128-\143]$", "^\226\128[\168-\175]$",
  "^\226\129[\159-\175]$", "^\227\128\128$", "^\239\187\191$", "^\238", "^\239[\128-\163]",
}

-- Without what a terminal would obey.
local function printable(shown)
  return (shown:gsub("[%z\1-\127\194-\244][\128-\191]*", function(each)
    for _, pattern in ipairs(HIDDEN_CHARACTERS) do
      if each:find(pattern) then
        return "?"
      end
    end
  end))
end

-- What may be seen of a value.
local function shown(value, mask)
  mask = SPEC.unsafe and "none" or mask
  if value.binary then
    return mask == "none" and hexed(value) or "<" .. value.n .. " bytes>"
  elseif mask == "none" then
    return printable(text(value))
  elseif mask == "pan" then
    return card(value, 1, value.n)
  elseif mask == "scan" then
    return printable(scanned(value))
  end
  return stars(value.n)
end

-- As a line shows it: Wireshark's own cut would take the name too, and may go through a character.
local function brief(seen)
  if #seen <= 160 then
    return seen
  end
  return (seen:sub(1, 156):gsub("[\192-\255][\128-\191]*$", "")) .. " ..."
end
