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
