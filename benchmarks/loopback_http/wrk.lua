-- SPDX-FileCopyrightText: 2026 The patchbay authors
-- SPDX-License-Identifier: BSL-1.0
--
-- The requests of a transition, made once and sent over and over, answers not looked at: what a client can do at most.
-- Arguments: the flow's id, an interaction's id, how many requests make a transition, the body of the write.
local requests, n = {}, 0

function init(args)
  local flow, interaction, count, body = args[1], args[2], tonumber(args[3]), args[4]
  local read = { ["Authorization"] = "Bearer t0ken", ["Accept"] = "application/json" }
  local write = { ["Authorization"] = "Bearer t0ken", ["Accept"] = "application/json", ["Content-Type"] = "application/json", ["If-Match"] = '"41"' }
  local path = "/api/v2/interactions/" .. interaction
  if count > 2 then requests[#requests + 1] = wrk.format("GET", "/api/v2/flows/" .. flow, read) end
  if count > 1 then requests[#requests + 1] = wrk.format("GET", path, read) end
  requests[#requests + 1] = wrk.format("PATCH", path, write, body)
end

function request()
  n = n % #requests + 1
  return requests[n]
end
