-- Frames and messages, and what Wireshark shows of them.

local proto = Proto(SPEC.abbrev, SPEC.title)
local F, X = {}, {}
local declared, list = {}, {}

local function declare(abbrev, label, kind)
  abbrev = SPEC.abbrev .. "." .. abbrev:lower()
  if declared[abbrev] == nil and #list < SPEC.most_fields then
    declared[abbrev] = (kind or ProtoField.string)(abbrev, label)
    list[#list + 1] = declared[abbrev]
  end
  return declared[abbrev]
end

local function declare_parts(structure, path, deep)
  if not structure or deep > 3 then
    return
  end
  for _, layout in ipairs(structure.layouts or {}) do
    declare_parts(layout, path, deep)
  end
  for key, part in pairs(structure.parts or {}) do
    key = path .. "." .. (structure.kind == "positional" and part.key or key)
    declare("de" .. key, key .. " " .. part.name)
    declare_parts(part.inside, key, deep + 1)
  end
end

F.length = declare("length", "Length", ProtoField.uint32)
F.header = declare("header", "Network header")
F.mti = declare("mti", "MTI")
F.bitmap = declare("bitmap", "Bitmap")
F.verdict = declare("verdict", "Verdict")
F.part = declare("part", "Part")
F.request = declare("request_in", "Request in", ProtoField.framenum)
F.response = declare("response_in", "Response in", ProtoField.framenum)
F.time = declare("time", "Seconds since the request", ProtoField.double)
for key, row in pairs(SPEC.rows) do
  declare("de" .. key, key .. " " .. row.name)
end
for key, name in pairs(EMV) do
  declare("emv." .. key, key .. " " .. name)
end
for key, row in pairs(SPEC.rows) do
  declare_parts(row.inside, tostring(key), 1)
end
proto.fields = list
X.broken = ProtoExpert.new(SPEC.abbrev .. ".broken", "Cannot be read", expert.group.MALFORMED, expert.severity.ERROR)
X.refused = ProtoExpert.new(SPEC.abbrev .. ".declined", "Declined", expert.group.RESPONSE_CODE, expert.severity.NOTE)
proto.experts = {X.broken, X.refused}

-- The bytes from one half byte to another, as a range of the buffer.
local function range(buffer, from, to)
  local at = math.min(floor(from / 2), buffer:len())
  local stop = math.min(math.max(at, floor((to + 1) / 2)), buffer:len())
  if stop == at then
    at = math.min(at, buffer:len() - 1)
    return buffer(at, 1), true
  end
  return buffer(at, stop - at)
end

local function complain(item, fault)
  item:add_proto_expert_info(X.broken, type(fault) == "table" and fault.why or "our own mistake: " .. tostring(fault))
end

-- Parts

-- Everything that is inside a value, below an item. Where it cannot be read to its end it may have been cut wrongly
-- before, so that nothing in it is shown.
local function show_parts(context, item, structure, value, path, hide, deep)
  local found = {}
  local good, fault = pcall(pieces, structure, value, function(piece) found[#found + 1] = piece end)
  hide = hide or not good
  for _, piece in ipairs(found) do
    local readable, said = pcall(value_of, piece, value)
    piece.good, piece.said = readable, said
    hide = hide or not readable
  end
  local seen = {}
  for _, piece in ipairs(found) do
    seen[piece.key] = (seen[piece.key] or 0) + 1
    local key = piece.key .. (seen[piece.key] > 1 and "#" .. seen[piece.key] or "")
    local name, mask = known(structure, piece)
    local where = range(context.buffer, value.p[piece.from], value.p[piece.to])
    local field = declared[SPEC.abbrev .. ".de" .. (path .. "." .. piece.key):lower()]
    if structure.kind == "ber" and not piece.part then
      field = EMV[piece.key] and declared[SPEC.abbrev .. ".emv." .. piece.key:lower()]
    end
    local seen_of_it = piece.good and shown(piece.said, hide and "all" or mask) or ""
    local below = item:add(field or F.part, where, field and seen_of_it or path .. "." .. key .. "=" .. seen_of_it)
    below:set_text(path .. "." .. key .. (name ~= "" and " " .. name or "") .. ": " .. brief(seen_of_it))
    if not piece.good then
      complain(below, piece.said)
    else
      local further = inside_of(structure, piece)
      if further and deep < 12 then
        show_parts(context, below, further, piece.said, path .. "." .. key, hide, deep + 1)
      end
    end
  end
  if not good then
    complain(item, fault)
  end
end

-- Fields

local function show_field(context, tree, key, row, at)
  local from = at
  local length = row.high
  if row.width > 0 then
    if at + row.width > context.stop then
      refuse(at, "DE " .. key .. ": the message ends inside its length")
    end
    local good, said = pcall(length_of, row, octets(context.raw, at + 1, at + row.width + 1, 0), at)
    if not good then
      refuse(at, "DE " .. key .. ": " .. (said.why or tostring(said)))
    end
    length = said
    at = at + row.width
  end
  local needed = size(row, length)
  if not needed then
    needed = extent(row, octets(context.raw, at + 1, context.stop + 1, 0), 1, length)
  end
  if not needed or at + needed > context.stop then
    refuse(at, "DE " .. key .. ": the message ends inside it")
  end
  local body = octets(context.raw, at + 1, at + needed + 1, 0)
  local field = declared[SPEC.abbrev .. ".de" .. key]
  local good, value = pcall(read, row, body, length)
  local seen = good and shown(value, row.mask) or ""
  local where = range(context.buffer, 2 * from, 2 * (at + needed))
  local item = tree:add(field or F.part, where, seen)
  item:set_text(key .. " " .. row.name .. ": " .. brief(seen))
  if not good then
    complain(item, value)
  else
    context.seen[key] = row.mask == "none" and seen or nil
    if row.inside and (row.inside.binary or false) == (value.binary or false) then
      show_parts(context, item, row.inside, value, tostring(key), false, 1)
    end
  end
  return at + needed, item
end

-- Message type and bitmaps

local function message_type(context, tree, at)
  local mti = SPEC.mti
  if at + mti.size > context.stop then
    refuse(at, "the message ends inside its type")
  end
  local raw = octets(context.raw, at + 1, at + mti.size + 1, 0)
  local digits
  if mti.codec == "bcd" then
    digits = hexed(raw)
  else
    digits = text(mti.codec == "ascii" and in_ascii(raw) or by_table(raw, mti.codec))
  end
  local item = tree:add(F.mti, range(context.buffer, 2 * at, 2 * (at + mti.size)), printable(digits))
  if not digits:find("^[" .. mti.versions .. "][1-8][0-7][0-5]$") then
    refuse(at, "not a message type of this spec")
  end
  item:append_text(" (" .. MTI_WORDS[digits:sub(2, 2)] .. " " .. MTI_WORDS["f" .. digits:sub(3, 3)]
    .. (("135"):find(digits:sub(4, 4), 1, true) and ", repeat)" or ")"))
  context.seen.mti = digits
  return at + mti.size
end

local function bitmap_at(context, at)
  local form, bytes = SPEC.bitmap.form, SPEC.bitmap.fixed > 0 and SPEC.bitmap.fixed or 8
  local wide = form == "binary" and 1 or 2
  if at + bytes * wide > context.stop then
    refuse(at, "the message ends inside a bitmap")
  end
  local found = octets(context.raw, at + 1, at + bytes * wide + 1, 0)
  local encoding = form == "hex-ebcdic" and "cp500" or form == "hex" and "ascii" or "binary"
  return word({encoding = encoding}, found, 1, bytes, wide), at + bytes * wide
end

local function bitmaps(context, tree, at)
  local from, bits, count = at, {}, 0
  repeat
    local some
    some, at = bitmap_at(context, at)
    for _, set in ipairs(some) do
      bits[#bits + 1] = set
    end
    count = count + 1
    local more = SPEC.bitmap.fixed == 0 and some[1] and (count == 1 or (count == 2 and SPEC.bitmap.third == 1))
  until not more
  local numbers = {}
  for i, set in ipairs(bits) do
    local flag = i == 1 or (i == 65 and count == 3 and SPEC.bitmap.fixed == 0)
    if set and (not flag or SPEC.rows[i]) then
      numbers[#numbers + 1] = i
    end
  end
  local item = tree:add(F.bitmap, range(context.buffer, 2 * from, 2 * at), table.concat(numbers, " "))
  item:set_text("Bitmap: " .. table.concat(numbers, " "))
  return numbers, at
end

-- What DE 39 means: in an answer how it went, in a request why it is made.
local function show_response_code(context, tree, item, at)
  local code = SPEC.response_codes[context.seen[39]]
  if not code then
    return
  end
  item:append_text(" (" .. code[2] .. ")")
  if tonumber(context.seen.mti:sub(3, 3)) % 2 == 0 then
    return
  end
  context.verdict = code
  tree:add(F.verdict, range(context.buffer, 2 * at - 2, 2 * at), code[1]):set_generated()
  if code[1] == "declined" then
    item:add_proto_expert_info(X.refused, code[2])
  end
end

local function fields(context, tree, at)
  at = message_type(context, tree, at)
  local numbers
  numbers, at = bitmaps(context, tree, at)
  local i = 1
  while i <= #numbers do
    local key = numbers[i]
    local row = SPEC.rows[key]
    local item
    if row then
      at, item = show_field(context, tree, key, row, at)
      if key == 39 and context.seen[39] then
        show_response_code(context, tree, item, at)
      end
    elseif key == 65 and SPEC.bitmap.third == 2 then
      local more, after = bitmap_at(context, at)
      for bit_of_it, set in ipairs(more) do
        if set then
          numbers[#numbers + 1] = 128 + bit_of_it
        end
      end
      tree:add(F.bitmap, range(context.buffer, 2 * at, 2 * after), "third")
      at = after
    else
      refuse(at, "DE " .. key .. ": the spec has no such field")
    end
    i = i + 1
  end
  if at < context.stop then
    refuse(at, many(context.stop - at, "byte") .. " after the last field")
  end
end

local function summary(context)
  local seen = context.seen
  local words = {seen.mti or "no message"}
  if context.verdict then
    local verdict, meaning = context.verdict[1], context.verdict[2]
    words[1] = words[1] .. " " .. verdict .. " " .. seen[39] .. (verdict ~= meaning and " (" .. meaning .. ")" or "")
  elseif seen[39] then
    words[1] = words[1] .. " " .. seen[39]
  end
  if seen[11] then
    words[#words + 1] = "STAN " .. seen[11]
  end
  if seen[41] then
    words[#words + 1] = seen[41]
  end
  return table.concat(words, ", ")
end

-- Who answered whom: of one connection, by type, STAN and, where both have one, terminal.

local MOST_REMEMBERED = 100000
local asked, links, remembered = {}, {}, 0

function proto.init()
  asked, links, remembered = {}, {}, 0
end

local function keys_of(seen, pinfo)
  local here = tostring(pinfo.src) .. " " .. pinfo.src_port
  local there = tostring(pinfo.dst) .. " " .. pinfo.dst_port
  local exchange = floor(tonumber(seen.mti:sub(3, 3)) / 2) .. floor(tonumber(seen.mti:sub(4, 4)) / 2)
  local ends = here < there and here .. there or there .. here
  local key = table.concat({ends, seen.mti:sub(1, 2), exchange, seen[11]}, " ")
  return key, seen[41] and key .. " " .. seen[41]
end

-- Remember a request, find that of an answer; nth is which message of its packet it is.
local function link(context, pinfo, item, nth)
  local seen = context.seen
  if not seen.mti or not seen[11] or not seen.mti:find("^%d%d[0-7][0-5]$") then
    return
  end
  local id = pinfo.number .. " " .. nth
  local asks = tonumber(seen.mti:sub(3, 3)) % 2 == 0
  if not pinfo.visited and remembered < MOST_REMEMBERED then
    local key, exact = keys_of(seen, pinfo)
    if asks then
      local request = {number = pinfo.number, time = pinfo.abs_ts, id = id, terminal = seen[41]}
      asked[key], remembered = request, remembered + 1
      if exact then
        asked[exact] = request
      end
    else
      local request = exact and asked[exact] or asked[key]
      if request and not (exact and request.terminal and request.terminal ~= seen[41]) then
        links[id] = {number = request.number, time = pinfo.abs_ts - request.time}
        links[request.id] = {number = pinfo.number}
      end
    end
  end
  local found = links[id]
  if found then
    item:add(asks and F.response or F.request, found.number):set_generated()
    if found.time then
      item:add(F.time, found.time):set_generated()
    end
  end
end

-- Frames

local function said_length(raw)
  local form = SPEC.framing.length
  local a, b = raw:byte(1, 2)
  if form == "2be" then
    return a * 256 + b
  elseif form == "2le" then
    return a + b * 256
  elseif form == "2bcd" then
    local digits = string.format("%02X%02X", a, b)
    return digits:find("^[0-9]+$") and tonumber(digits)
  end
  if form == "4be" then
    local c, d = raw:byte(3, 4)
    return ((a * 256 + b) * 256 + c) * 256 + d
  end
  return raw:find("^[0-9]+$") and tonumber(raw)
end

local function show_frame(buffer, at, stop, start, tree, whole, pinfo, nth)
  local item = tree:add(proto, buffer(at, stop - at))
  local context = {buffer = buffer, raw = buffer:raw(0, stop), stop = stop, seen = {}}
  item:add(F.length, buffer(at, start - at), stop - start)
  for _, header in ipairs(start < stop and SPEC.framing.headers or {}) do
    local length = HEADERS[header]
    if start + length > stop then
      item:add_proto_expert_info(X.broken, "the frame ends inside its headers")
      return "no message"
    end
    local shown_header = context.raw:sub(start + 1, start + length):gsub(".", function(each)
      return string.format("%02X", each:byte())
    end)
    local below = item:add(F.header, buffer(start, length), shown_header)
    below:set_text(header .. ": " .. shown_header)
    local wrong = header == "tpdu" and shown_header:sub(1, 2) ~= "60" or header == "cup" and not shown_header:find("^[0-9]+$")
    if wrong then
      below:add_proto_expert_info(X.broken, "not a header of the kind " .. header)
    end
    start = start + length
  end
  if start == stop then
    item:append_text(", keep-alive")
    return "keep-alive"
  end
  local good, fault = pcall(fields, context, item, start)
  if not good then
    complain(item, fault)
  elseif not whole then
    item:add_proto_expert_info(X.broken, "not all of the frame was captured")
  end
  link(context, pinfo, item, nth)
  local line = summary(context)
  item:append_text(", " .. line)
  return line
end

function proto.dissector(buffer, pinfo, tree)
  local prefix = SPEC.framing.length:sub(1, 1) == "4" and 4 or 2
  local own = SPEC.framing.inclusive and prefix or 0
  local all, at = buffer:len(), 0
  -- What the capture does not have cannot be waited for.
  local cut_short = buffer:reported_len() > all
  local lines = {}
  pinfo.cols.protocol = SPEC.abbrev:upper()
  while at < all do
    local length = all - at >= prefix and said_length(buffer:raw(at, prefix))
    length = length and length - own
    if all - at >= prefix and (not length or length < 0 or length > SPEC.framing.most) then
      local item = tree:add(proto, buffer(at))
      item:append_text(", no frame")
      item:add_proto_expert_info(X.broken, "no length of a frame")
      lines[#lines + 1] = "no frame"
      at = all
    elseif not length or (all - at < prefix + length and not cut_short) then
      pinfo.desegment_offset = at
      pinfo.desegment_len = length and prefix + length - (all - at) or DESEGMENT_ONE_MORE_SEGMENT
      break
    else
      local stop = math.min(at + prefix + length, all)
      lines[#lines + 1] = show_frame(buffer, at, stop, at + prefix, tree, stop == at + prefix + length, pinfo, #lines)
      at = stop
    end
  end
  if #lines > 0 then
    pinfo.cols.info = table.concat(lines, " | ")
  end
  return all
end

local ports = DissectorTable.get("tcp.port")
for _, port in ipairs(SPEC.ports) do
  ports:add(port, proto)
end
ports:add_for_decode_as(proto)
