//! Examples below the help of each command.

/// The heading, as all headings look; where no colour is wanted, the escapes are taken out before it is shown.
macro_rules! examples {
    ($text:literal) => {
        concat!("\x1b[1;32mExamples:\x1b[0m\n", $text)
    };
}

/// Of the program.
pub(super) const ALL: &str = examples!(
    "  headwater serve                       try it: nothing to configure, files in ./data/events
  headwater cat --follow data/events    see the records as they are published
  headwater check -c site.conf          what a start would do, or what is wrong
  headwater serve -c site.conf          collect

Exit codes: 0 fine, 1 failed while running, 2 wrong usage or configuration."
);

/// Of `serve`.
pub(super) const SERVE: &str = examples!(
    "  headwater serve
      Nothing to configure: a page to click on at http://127.0.0.1:8290/, files in ./data/events
  headwater serve -c divolte-collector.conf
      With a configuration file, yours or one of Divolte Collector
  headwater serve --set divolte.global.server.port=9000 --data /srv/headwater
      With another port and another place for what it keeps
  headwater serve --log-format json --log warn,headwater::sink=debug
      With log lines for a machine: warnings, and everything about sinks"
);

/// Of `check`.
pub(super) const CHECK: &str = examples!(
    "  headwater check -c divolte-collector.conf
      Listeners, sources, mappings with their fields, sinks and directories; or every mistake with its place
  headwater check -c site.conf --set divolte.global.server.port=9000
      The same, with a key set over what the file says
  headwater check
      What `headwater serve` does without a configuration

  headwater check -c site.conf --rate 5000
      Also for how long the journal keeps 5,000 events a second while a sink is down
  headwater check -c site.conf --compatible-with old.avsc
      Also whether records of an older schema can still be read, and those of the new one by its readers

Ends with 0 if a start would succeed and with 2 if it would be refused."
);

/// Of `map`.
pub(super) const MAP: &str = examples!(
    "  headwater map -c site.conf --request visit.har
      The records of what a browser has recorded (in its developer tools: network, save all as HAR)
  headwater map -c site.conf --request request.txt --trace
      The same of requests as they are sent, with the lines of the script that were carried out
  headwater map -c site.conf --mapping clicks --request -
      One mapping, with requests from the standard input, such as JSON lines
  headwater map -c site.conf --listen
      Answers a JSON object that is posted to http://127.0.0.1:8390/ with its record

Ends with 1 if a request has no record although a mapping takes it,
and with 2 if script, schema or configuration are wrong."
);

/// Of `playground`.
pub(super) const PLAYGROUND: &str = examples!(
    "  headwater playground -c site.conf
      Prints the link of a page with script, schema and requests; nothing that is changed there is written to disk
  headwater playground
      The same with the built-in mapping"
);

/// Of `cat`.
pub(super) const CAT: &str = examples!(
    "  headwater cat data/events
      Every record in the files of a directory
  headwater cat --follow data/events
      The same, and then those of every file as it is published; Ctrl-C ends it
  headwater cat --follow --new data/events | grep purchase
      Only what is published from now on
  headwater cat --schema data/events/20300101120000-divolte-tracking-host-1.avro
      The schema that the records were written with
  headwater cat data/dead-letters/files
      What could not be mapped, and why"
);

/// Of `diff`.
pub(super) const DIFF: &str = examples!(
    "  headwater diff -c site.conf clicks.groovy new.groovy
      What a changed script makes of the retained events that the old one does not
  headwater diff -c site.conf clicks.groovy clicks.groovy --schema new.avsc --from 1d
      What a changed schema does, over a day
  headwater diff old.conf new.conf --format json
      All mappings of two configurations, over the journal of the new one (or of that of -c)

Ends with 0 if every event comes out the same, and with 1 if not."
);

/// Of `replay`.
pub(super) const REPLAY: &str = examples!(
    "  headwater replay -c site.conf --from 2030-01-31T09:00 --to 2030-01-31T12:00 --dry-run
      What would become of the events of three hours with today's script
  headwater replay -c site.conf --from 2h --sink files --rate 5000
      Sends the events of two hours to a sink again, at most 5000 a second
  headwater replay -c site.conf --dead-letters
      Sends what could not be mapped, after the script was repaired
  headwater replay -c site.conf --resume replay-20300131120000
      Goes on with a replay that was ended

Works while a server runs, and when none does: files of its own stand beside the sink's, and no record is in
them twice, however often it is ended and resumed. What still waits for a sink is not sent to it again."
);

/// Of `why`.
pub(super) const WHY: &str = examples!(
    "  headwater why -c site.conf 0:Dk7vGZtS0
      Every event with this id: when it was accepted, and for each mapping and sink the record and its file,
      or the dead letter, or what it waits for; works while a server runs

Ends with 1 if no such event is retained."
);

/// Of `completions`.
pub(super) const COMPLETIONS: &str = examples!(
    "  headwater completions bash > ~/.local/share/bash-completion/completions/headwater
  headwater completions zsh > \"${fpath[1]}/_headwater\"
  headwater completions fish > ~/.config/fish/completions/headwater.fish"
);

/// Of `journal cursor`.
pub const CURSOR: &str = examples!(
    "  headwater journal cursor ls -c site.conf
      Where each sink stands; works while the server runs
  headwater journal cursor rename old new -c site.conf
      After a sink was renamed: it goes on where it has stopped
  headwater journal cursor remove old -c site.conf
      After a sink was removed: nothing is kept for it any more"
);

/// Of `journal cat`.
pub const JOURNAL_CAT: &str = examples!(
    "  headwater journal cat -c site.conf --from 2h
      What was accepted in the last two hours, one event a line
  headwater journal cat -c site.conf --event-type purchase --follow
      Purchases, and those to come; Ctrl-C ends it
  headwater journal cat -c site.conf --party 0:k4m2:fV~1 --limit 10
      The oldest ten events of a visitor
  headwater journal cat -c site.conf --dead-letters files
      What could not be mapped for a sink, and why
  headwater journal cat --dead-letters | headwater map --request -
      What today's script makes of it"
);

/// Of `journal export`.
pub const JOURNAL_EXPORT: &str = examples!(
    "  headwater journal export -c site.conf events.avro
      All that is retained, as Avro that describes itself
  headwater journal export -c site.conf --from 2030-01-31 --to 2030-02-01 day.jsonl
      A day as JSON lines
  headwater journal export -c site.conf --dead-letters files letters.avro
      Dead letters with their events"
);

/// Of `torture`.
pub(super) const TORTURE: &str = examples!(
    "  headwater torture
      Two minutes on the disk of the working directory, with a plan of its own
  headwater torture --minutes 60 --directory /srv/headwater-torture
      An hour, on another disk
  headwater torture --durability flush --seed 42
      With another promise, and the plan of the run that printed this seed

Uses loopback ports, all of the processor, and some hundred megabytes of disk for each minute.
Ends with 1, and keeps its directory, if something acknowledged is missing, something is there twice
or a file cannot be read."
);
