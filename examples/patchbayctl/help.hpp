// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace patchbayctl {

/// Operations of `run` that may be under way at once.
inline constexpr int max_in_flight = 20'000;

inline constexpr std::string_view help_text = R"(Moves IVR interactions through their flows, and puts callers on hold.

  patchbayctl transition --interaction ID --flow ID --from NODE --to NODE [--var NAME=VALUE]... [--vars JSON]
  patchbayctl hold       --interaction ID --reason REASON --priority N [--music FILE] [--prompt FILE]
  patchbayctl unhold     --interaction ID --priority N
  patchbayctl flow       --flow ID [--from NODE --to NODE] [--format text|dot|mermaid]
  patchbayctl run        [FILE|-] [--in-flight N] [--transport beast|curl] [--ordered] [--resume] [--job NAME]
  patchbayctl recover
  patchbayctl release-all [--priority N]
  patchbayctl journal show [DIR]
  patchbayctl watch      --user ID [--media KIND] [--for SECONDS]

The cloud speaks the dialect that --dialect names: interactions (the default), or platform, which is the real Genesys Cloud. There an
interaction is a conversation, and a hold is of one participant's side of it: --user says whose, or --participant.

Options stand before or after the command.
  --conversation ID  the platform's word for --interaction, and in lines of `run` "conversation" for "interaction"
  --var NAME=VALUE   a variable as text, coerced by its type; may be repeated
  --vars JSON        variables as one JSON object
  --strict           refuse variables that the schema does not have; otherwise they pass as strings
  --reason           queueing, consultation, system_issue or agent_break
  --priority         0 to 9
  --in-flight N      operations of `run` at once, 1 to 20000 (1)
  --transport        what carries the transitions of `run`: beast or curl (beast); holds go over Boost.Beast in any
                     case, since their channel is a WebSocket, which this program does not ask of libcurl
  --ordered          results of `run` in the order of its lines; otherwise each as soon as it is there
  --resume           go on with the latest run of the job: what its journal has as applied is not done again
  --job NAME         by which a later --resume finds it, at most 128 bytes (the file's name)
  --fence-after SECONDS for which a request may still arrive after its connection is gone (60)
  --dialect          interactions or platform (interactions)
  --participant WHO  with --dialect platform, an id, purpose:NAME or user:ID: of `transition`, `run` and `recover` whose flow it is
                     (purpose:ivr); of `hold`, `unhold` and `release-all` whose side is held (the user's)
  --media KIND       with --dialect platform, what is held and told of, by its own addresses: call, callback, chat, email, message
                     or social_expression (whichever there is); by those of calls the platform lets a user alone hold, and no program
  --hold-music       with --dialect platform, who is put on hold in a call hears music, and not silence
  --hold-reason-attribute NAME
                     with --dialect platform, the participant's attribute that keeps the reason of a hold (none: the audit has it)
  --for SECONDS      of `watch`, after which it ends (when it is asked to)
  --store            with --dialect platform, where a move is written: custom-attributes of the conversation, locked by
                     their version, or participant-attributes, which nothing locks (custom-attributes)
  --schema-id ID     with --dialect platform, of the custom attributes; without it, the only record that there is
  --flow-version V   with --dialect platform, the flow's version to go by (its latest configuration, published or not)
  --region R         name or domain, such as eu_west_1 or mypurecloud.ie; stands for the two addresses that it has
  --deadline SECONDS of one operation, over all attempts and waits (30)
  --rate PER_MINUTE  spaces requests (off)
  --reachability     path: any way through the flow, conditions not looked at; direct: one edge, its condition not looked at;
                     conditional: a way without conditions (path)
  --log              off, text or json, on stderr (text)
  --log-level        debug, info, warn or error (warn)
  --env-file FILE    reads variables that the environment does not have
  --help, --version

Environment; a flag of the same meaning wins.
  GENESYS_BASE_URL        --base-url        the API's address; needed, or a region
  GENESYS_REGION          --region          the real cloud's: in the place of base URL and login URL, not beside them
  GENESYS_CLIENT_ID       --client-id       needed
  GENESYS_CLIENT_SECRET                     needed; no flag, since others can read a command line
  GENESYS_LOGIN_URL       --login-url       where tokens come from (the base URL)
  GENESYS_WS_URL          --ws-url          the hold channel's whole address (derived from the base URL; the platform says its own)
  GENESYS_CREDENTIALS_IN  --credentials-in  basic or body: where the token request has the credentials (basic)
  GENESYS_ORG_ID          --org-id          interactions of other organisations are not held (not checked; not for the platform)
  GENESYS_USER_ID         --user            on the platform, the user whose side is held, and whose conversations are told of
  CRM_WEBHOOK_URL         --webhook-url     is told of every transition (none)
  PATCHBAY_AUDIT_FILE     --audit-file      JSON Lines, one record for each attempt and operation (none)
  PATCHBAY_JOURNAL_DIR    --journal         folder of the write-ahead journal, which is made if need be (none)
  PATCHBAY_CA_FILE        --ca-file         PEM file of the authorities to trust, in place of the system's (none)

`run` reads one JSON object a line: {"id":1,"action":"transition","interaction":"...","flow":"...","from":"...","to":"...","vars":{...}},
and so on with the flags' names. stdout has one JSON object for each result. `hold` and `run` leave holds standing, and list them on stderr.
Lines that name the same interaction take turns. Asked to stop (SIGINT, SIGTERM), `run` finishes what is under way; every line that was
read has its result, and stderr says behind which line nothing was read. At its end it says there how many were applied, refused and
unknown, and how long they took, unless --log is off.

On the platform a hold and a release are only accepted by the answer. `run` makes a notification channel of the user's conversations, which
tells when they are done; the other commands, and `run` while its channel is not open, read the conversation until it shows that, for 10 s
at most. `watch` (always of the platform) prints one JSON object for each party of the user's conversations whose state has changed, from
its start on; it connects anew by itself, says so on stderr, and then prints all that it is told. It never sends a hold or a release.

With a journal nothing is sent before it is on the disk what will be, and whatever kills the program, the next one knows: `transition`,
`hold` and `run` first find out what became of operations that were left open, and stderr says so (`run` waits for all of them, the others
look once; `unhold` looks afterwards). `recover` does nothing else: one JSON object for each of them, exit status 5 when one is not
settled yet, or nobody can tell any more, as of a hold that was released meanwhile; on the platform it looks for moves where they were
written, and for holds at whose side they were, whatever --store, --schema-id, --participant and --user say now. `run --resume`
takes up a job that was cut off, with the same lines: a line that is done already has a result with "resumed":true.
`release-all` takes off hold whoever is, or may be, by what the journal says. `journal show` prints the journal.

Exit status: 0 done; 1 refused by our own rules, or not_eligible, also where it is the cloud that says so; 2 usage; 3 refused by
the cloud; 4 not completed; 5 outcome unknown.
)";

}  // namespace patchbayctl
