-- Tells the sync gateway which mailboxes changed, so that no IMAP connection has to wait for it.
-- For Dovecot 2.3.19 and later with push_notification_lua; settings and how to try it: README.md beside this file.

local client = nil
-- Milliseconds. The user's own command waits for the answer, so a gateway that is away must not hold it up for long.
local TIMEOUT = 1000
-- After a failure nothing is sent for so many seconds: phones then learn of changes a little later.
local PAUSE = 10
local resume_at = 0

function script_init()
  client = dovecot.http.client({ request_timeout = TIMEOUT, connect_timeout = TIMEOUT, max_attempts = 1 })
  return 0
end

function script_deinit()
end

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(c)
    return string.format("\\u%04x", string.byte(c))
  end) .. '"'
end

function dovecot_lua_notify_begin_txn(user)
  return {
    user = user.username,
    url = user:plugin_getenv("gateway_push_url"),
    secret = user:plugin_getenv("gateway_push_secret"),
    folders = {},
    any = false,
  }
end

local function note(ctx, event)
  ctx.folders[event.mailbox] = true
  ctx.any = true
end

-- New messages by delivery and by APPEND, COPY or MOVE; messages that go; flags.
dovecot_lua_notify_event_message_new = note
dovecot_lua_notify_event_message_append = note
dovecot_lua_notify_event_message_expunge = note
dovecot_lua_notify_event_flags_set = note
dovecot_lua_notify_event_flags_clear = note

-- One request for all mailboxes that a transaction touched.
local function send(ctx)
  local events = {}
  for folder in pairs(ctx.folders) do
    table.insert(events, '{"user":' .. quoted(ctx.user) .. ',"folder":' .. quoted(folder) .. "}")
  end
  local request = client:request({ url = ctx.url, method = "POST" })
  request:add_header("Content-Type", "application/json")
  request:add_header("Authorization", "Bearer " .. ctx.secret)
  request:set_payload("[" .. table.concat(events, ",") .. "]")
  return request:submit():status()
end

function dovecot_lua_notify_end_txn(ctx)
  if not ctx.any or not ctx.url or not ctx.secret or os.time() < resume_at then
    return
  end
  local ok, status = pcall(send, ctx)
  if not ok or status ~= 204 then
    resume_at = os.time() + PAUSE
    dovecot.i_warning("gateway push failed: " .. tostring(status))
  end
end
