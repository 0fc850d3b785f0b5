"""rspamd as a daemon with rules of the suite: the subject of a message says what it thinks of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from daemon import Process, listens
from relay import free_port

PROGRAM = shutil.which("rspamd", path=os.defpath + ":/usr/sbin:/usr/bin")
_START_SECONDS = 60

_CONFIGURATION = """
options {{
  filters = [];
  url_tld = "{folder}/tld";
  dns {{ nameserver = ["127.0.0.1:1:1"]; timeout = 0.1s; retransmits = 1; }}
  pidfile = "{folder}/pid";
  tempdir = "{folder}";
  dbdir = "{folder}";
  hs_cache_dir = "{folder}";
  control_socket = "{folder}/control.sock mode=0600";
}}
logging {{ type = "file"; filename = "{folder}/rspamd.log"; level = "info"; }}
actions {{ reject = 15; "rewrite subject" = 10; "add header" = 6; greylist = 4; subject = "[SPAM] %s"; }}
group "own" {{ }}
worker "normal" {{
  bind_socket = "127.0.0.1:{port}";
  bind_socket = "{folder}/worker.sock mode=0666";
  count = 1;
}}
lua = "{folder}/rules.lua";
"""

_RULES = """
local function marked(task, word)
  local subject = task:get_header('Subject')
  return subject ~= nil and subject:find(word, 1, true) ~= nil
end
for name, score in pairs({ REWRITE_ME = 11.0, MARK_ME = 7.0, GREY_ME = 5.0 }) do
  rspamd_config:register_symbol({ name = name, score = score, callback = function(task) return marked(task, name) end })
  rspamd_config:set_metric_symbol({ name = name, score = score })
end
rspamd_config:register_symbol({ name = 'SOFT', type = 'prefilter', callback = function(task)
  if marked(task, 'SOFT_ME') then task:set_pre_result('soft reject', 'Come again') end
end })
rspamd_config:register_symbol({ name = 'EDITS', type = 'idempotent', callback = function(task)
  local to = {}
  for _, recipient in ipairs(task:get_recipients('smtp') or {}) do table.insert(to, recipient.addr) end
  local seen = { task:get_ip(), task:get_helo(), task:get_from('smtp')[1].addr, table.concat(to, '+'), task:get_size() }
  for place, fact in ipairs(seen) do seen[place] = tostring(fact) end
  local reply = { add_headers = { ['X-Seen'] = table.concat(seen, ' '), ['X-Name'] = tostring(task:get_hostname()) } }
  if marked(task, 'EDIT_ME') then
    reply.add_headers['X-Top'] = { value = 'top', order = 0 }
    reply.add_headers['X-Two'] = { { value = 'a' }, { value = 'b' } }
    reply.remove_headers = { ['X-Bad'] = 0, ['X-Last'] = -1 }
    reply.change_from = 'bounces@example.com'
    reply.add_rcpt = { 'archive@example.com' }
    reply.del_rcpt = { 'second@example.com' }
  end
  task:set_milter_reply(reply)
end })
"""


class Rspamd(Process):
    """The daemon, on one port and one Unix socket. It keeps the rights of the caller."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        port, socket = free_port(), folder / "worker.sock"
        self.urls = {"tcp": f"http://127.0.0.1:{port}", "unix": f"unix:{socket}"}
        (folder / "tld").write_text("com\norg\nexample\n")
        (folder / "rules.lua").write_text(_RULES)
        (folder / "rspamd.conf").write_text(_CONFIGURATION.format(folder=folder, port=port))
        command = [PROGRAM, "-f", "-i", "-c", str(folder / "rspamd.conf")]
        super().__init__("rspamd", command, folder / "rspamd.log", lambda: listens(port), _START_SECONDS, sockets=[socket])
