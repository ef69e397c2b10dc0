//! The help page.

use crate::prelude::*;

use super::{COMMANDS, Group, OptionHelp, TOP_OPTIONS};

/// The whole help page, in lines of at most 100 columns.
#[must_use]
pub fn page() -> String {
    let mut text = String::from(ABOUT);
    for group in [Group::WithoutProxy, Group::WithProxy, Group::Both, Group::Other] {
        text.push_str(&format!("{}\n", group.title()));
        for command in COMMANDS {
            // Those of a rollout, and what few need, would fill the page: the usage has them.
            let own = command.options.iter().filter(|it| command.name != "rollout" && it.name != "--sha256");
            let own: String = own.map(OptionHelp::in_usage).collect();
            for (_, summary) in command.summaries.iter().filter(|(of, _)| *of == group) {
                push_line(&mut text, &format!("{}{own}", command.with_words()), summary);
            }
        }
    }
    TOP_OPTIONS.iter().for_each(|option| push_line(&mut text, &option.shown(), option.summary));
    text + ENDING
}

fn push_line(text: &mut String, left: &str, summary: &str) {
    text.push_str(&format!("  {left:47} {summary}\n"));
}

const ABOUT: &str = r#"c2 brings releases of an application onto this machine: it fetches them from an S3 bucket or a
folder, configures them, starts them, and takes everything back when something goes wrong.

Usage: c2 <command> [words] [options]        c2 <command> --help shows the usage of one command

Releases
A release is a zip archive; c2 list-releases prints the names. At its root lies release.json:

  {
    "templates": ["docker-compose.yml.tpl"],
    "prestartCommand": "docker compose pull",
    "startCommand": "docker compose up -d",
    "stopCommand": "docker compose down"
  }

The commands are lines for sh, run in the folder that the release is unpacked in. A template is a
Mustache text: docker-compose.yml.tpl becomes docker-compose.yml, filled with the values of the
config sources. These are JSON texts, each with a name: {{db.password}} is in the one called db.
Started without a name of its own, app-1.4.zip becomes the deploy app-1.4.

Configuration
--config or CAMUS2_CONFIG names it: a file or s3://bucket/key, in JSON (.json) or YAML (.yaml). Else
c2 looks for ../etc/camus2.json, then ../etc/camus2.yaml, seen from the folder of its executable.

  releases: { s3: s3://my-bucket/releases }          # or { localdir: /srv/releases }
  configSources:
    db: { s3: s3://my-bucket/db.json }               # or { file: /etc/db.json }
  deployMode: noproxy

More fields, which all have defaults, are in the README; c2 check-config tells what is wrong.

Two modes
noproxy  One release is live: deploysDir/current is a link to its folder. A start stops the one
         before; if the new one does not start, the old one is started again.
proxy    Several deploys run side by side, each on a port of its own (the value ports.http of its
         templates), and an nginx in front routes endpoints, which are sets of host names, to them:
         c2 start app-1.4.zip, c2 connect main app-1.4, c2 stop app-1.3. When remoteStateS3 is set,
         these commands change a master state in S3 that c2 slave-update brings to each machine.

  deployMode:
    proxy: { endPoints: { main: { serverNames: [www.example.com], etype: httpOnly } } }

Commands
"#;

const ENDING: &str = "
Commands that change something take --dry-run, which prints what would be done and does nothing,
and --lock-wait SECS, the longest wait for another run of c2 to end (60). A word that begins with -
is taken for an option, unless it stands behind --.

Results go to standard output, progress and errors to standard error. Exit codes: 0 done, 1 failed
or refused, 2 wrong usage, 130 (Ctrl-C) or 143 (SIGTERM) interrupted, and what was begun is undone.
";
