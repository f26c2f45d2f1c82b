//! Bounds of what is held in memory, told to whoever runs it.

pub(super) const LIMITS: &str = "\
Limits of reading:
  a line                    1 MiB; the rest is cut
  writers of a listen:      1024; up to 512 KiB are read at once
  tcp:, listen: a machine   that is gone without a word is known to be after 30 s
  open and unsealed epochs  256 MiB by estimate; then sources wait
  epochs before their seal  64, also the most in one commit
  languages                 256 an epoch and writer; posts in more count without one
  authors                   4096 a spelling and epoch
  posts sampled             512 an epoch and writer, with 10 tags each
  posts remembered          1,000,000 with id and tags, 48 hours, 256 MiB; the oldest leave first
  a word of --grammar words 1024 bytes; the rest is cut
  a message of a WebSocket  4 MiB; a larger one ends the connection
  bluesky: events had       131,072, of the last minute, so that none counts twice
  mastodon: a gap           100 pages of 40; meanwhile 16,384 live events or 16 MiB are held
  nostr: relays             32 a source; 65,536 notes had, so that none counts twice
  an archive in an archive  4 deep

Limits of posts over HTTP (POST /api/v1/posts):
  a body                    16 MiB as sent, 64 MiB unpacked, in 60 s; a zstd window of 8 MiB
  requests                  256 read or waiting for their seal, 128 MiB as sent; 4 are unpacked at once
  lines told of as rejected 100 a request; the rest is counted
  keys (Idempotency-Key)    500,000, for 24 hours; with more a new key is refused

Limits of the count, for all tags together, in parts of --max-tags:
  tags                      1; the least mentioned make room
  mentions in panes         32; then the least mentioned tags make room
  authors                   8; then estimates of people get coarser, down to 16 authors of each tag
  posts sampled             1/16; then what is told of a tag gets coarser, and of the rarest nothing
  counts of a tag by slice  8; then the least mentioned tags make room
  slices                    512 of source and language a group; more count without a language
  days that are over        6, each with 200 tags of every one of 64 groups: those that led it
  epochs under way          8; the others wait on disk

Limits of a cluster:
  processes                 64
  connections               64 that have not said who they are, for 5 s each
  a machine that is gone    is known to be after 10 s

Limits of alerts:
  --alert-tag, --alert-url  1000, 16
  alerts                    1000 are kept; an older one that was not delivered has failed
  a delivery                15 s a try, tried again after 1 s to 10 min, for 24 hours; nothing of an answer's body is read
  rules that have fired     4096 tags; then one that is low, else the oldest, may be told again
  on the board              3, for 10 minutes

Limits of answering:
  connections               1024, of one client 128; with more the one that is idle for the longest is closed
  a request                 64 KiB of head in 30 s, 1 MiB of body and 10 s in all (posts: above)
  an answer                 one of which nothing is taken for 30 s ends the connection
  units of a client         --rate-limit a second, and those of 20 s at once; 131,072 clients are told apart
  streams of events         256, of one client 64; one that takes nothing for 10 s is dropped
  questions to the count    256 waiting; filtered boards are made one by one, 64 are kept an epoch
  answers                   256 views and forms are kept, of boards of the page for 0.2 s; others are made anew
  pictures                  one is drawn at a time; 64 are kept
  --block                   16 MiB
  /admin                    10,000 tags blocked, 100,000 approved, of those that wait the first 50,
                            the last 1000 actions; 16 sessions of 12 hours each;
                            5 attempts to sign in a minute, of everybody together
  lines of the log          20 of a kind at once, then one each 10 s; the rest is counted
  backups                   one at a time, others wait; one not read for 60 s is let go";
