//! The table of commands and options.

use super::{CommandHelp, Fits, Group, OptionHelp, Word};

use Group::{Both, Other, WithProxy, WithoutProxy};

/// The option that every command has, and c2 itself.
pub const HELP_OPTION: OptionHelp = flag("--help", "show this text; also -h");

/// The option of every command that goes by the configuration; before a command it is an option of c2 itself.
pub const CONFIG_OPTION: OptionHelp = option("--config", "FILE", "the configuration, whatever CAMUS2_CONFIG names");

/// The options of every command that changes something.
pub(super) const CHANGE_OPTIONS: [OptionHelp; 2] = [
    flag("--dry-run", "print what would be done, and do nothing"),
    option("--lock-wait", "SECS", "wait so long for another run of c2 to end; 60 if not given"),
];

/// The options of every command that can change the state that a fleet shares.
pub(super) const SHARED_OPTIONS: [OptionHelp; 2] = [
    option("--rollout", "PERCENT", "let only so many of a hundred slaves take it up; see c2 rollout"),
    flag("--allow-unsafe-store", "write to a store that ignores conditions, though of two writers one is lost"),
];

/// The options of c2 itself.
pub const TOP_OPTIONS: &[OptionHelp] = &[
    CONFIG_OPTION,
    flag("--version", "print the version; also -V"),
    option("--bash-completion-script", "PATH", "print what completes the words of the c2 at PATH"),
    option("--zsh-completion-script", "PATH", "the same for zsh"),
    option("--fish-completion-script", "PATH", "the same for fish"),
];

/// The options by which completion scripts ask, also those of the older tool.
pub const CALLBACK_OPTIONS: &[OptionHelp] = &[
    option("--bash-completion-index", "N", ""),
    option("--bash-completion-word", "WORD", ""),
    flag("--bash-completion-enriched", ""),
    option("--bash-completion-option-desc-length", "N", ""),
    option("--bash-completion-command-desc-length", "N", ""),
];

/// Every command, in the order of the help page.
pub const COMMANDS: &[CommandHelp] = &[
    CommandHelp {
        words: &[RELEASE, word("[<asdeploy>]", Fits::Anything)],
        options: &[FORCE, option("--sha256", "HEX", "refuse an archive with any other hash")],
        changes: true,
        shared: true,
        ..command(
            "start",
            &[
                (WithoutProxy, "make a release live; the one before is stopped"),
                (WithProxy, "start a release beside the others"),
            ],
        )
    },
    CommandHelp {
        words: &[DEPLOY],
        options: &[FORCE],
        changes: true,
        shared: true,
        ..command("stop", &[(WithoutProxy, "stop what is live"), (WithProxy, "stop a deploy and remove it")])
    },
    CommandHelp {
        words: &[DEPLOY],
        options: &[FORCE],
        changes: true,
        shared: true,
        ..command("restart", &[(Both, "start a deploy anew, with the values of today")])
    },
    CommandHelp {
        words: &[ENDPOINT, DEPLOY],
        changes: true,
        shared: true,
        ..command("connect", &[(WithProxy, "route an endpoint to a deploy")])
    },
    CommandHelp {
        words: &[ENDPOINT],
        changes: true,
        shared: true,
        ..command("disconnect", &[(WithProxy, "let an endpoint answer 503")])
    },
    CommandHelp {
        words: &[ENDPOINT, DEPLOY],
        options: &[OptionHelp {
            required: true,
            ..option("--percent", "N", "the share of the clients, 1 to 99; a client stays on its side")
        }],
        changes: true,
        shared: true,
        ..command("split", &[(WithProxy, "a share to a second deploy; connect ends it")])
    },
    CommandHelp {
        words: &[ENDPOINT],
        options: &[
            option("--message", "TEXT", "what the page says: one line, no HTML"),
            flag("--off", "end it; nothing else does: an endpoint that is connected meanwhile stays in maintenance"),
        ],
        changes: true,
        shared: true,
        ..command("maintenance", &[(WithProxy, "answer 503 with a page until --off")])
    },
    CommandHelp {
        options: &[
            flag("--show-slaves", "show the slaves too"),
            flag("--json-output", "print JSON"),
            flag("--table", "show the slaves in a table, for people"),
        ],
        ..command(
            "status",
            &[(WithoutProxy, "what is live, where, since when"), (WithProxy, "the endpoints and the deploys")],
        )
    },
    CommandHelp {
        options: &[option("--repeat", "SECS", "do so for ever, every so many seconds")],
        changes: true,
        ..command("slave-update", &[(WithProxy, "bring this machine to the master state")])
    },
    CommandHelp {
        options: &[option("--repeat", "SECS", "do so for ever, every so many seconds")],
        changes: true,
        ..command("reconcile", &[(Both, "bring back what should be live on this machine")])
    },
    CommandHelp {
        options: &[option("--why", "TEXT", "why, for others"), flag("--off", "end it")],
        changes: true,
        ..command("hold", &[(WithProxy, "have a machine that follows only look and report")])
    },
    CommandHelp {
        options: &[flag("--dry-run", "print what would be done, and do nothing")],
        ..command("slave-flush", &[(WithProxy, "remove slave records older than 5 minutes")])
    },
    CommandHelp {
        words: &[word("<status|advance|finish|abort|run>", Fits::Verb), word("[<percent>]", Fits::Anything)],
        verbs: &[
            ("status", "the change that is under way, and how the slaves do that take it up"),
            ("advance PERCENT", "let so many of a hundred slaves take it up; the share only grows"),
            ("finish", "let it hold for all of them"),
            ("abort", "take it back"),
            ("run", "go through it by itself, stage by stage, and take it back when slaves fail"),
        ],
        options: &[
            option("--stages", "LIST", "for run: the shares, one after the other, such as 10,50,100"),
            option("--bake", "SECS", "for run: how long the slaves of a stage must do well; 0 if not given"),
            option("--max-failures", "N", "for run: how many slaves may fail; 0 if not given"),
            option(
                "--stage-timeout",
                "SECS",
                "for run: how long the slaves of a stage are waited for; 600 if not given",
            ),
            flag("--allow-unsafe-store", "write to a store that ignores conditions, though of two writers one is lost"),
            flag("--dry-run", "print what would be done, and do nothing"),
        ],
        ..command("rollout", &[(WithProxy, "what a share of the slaves takes first")])
    },
    CommandHelp { changes: true, ..command("restart-frontend-proxy", &[(WithProxy, "restart nginx")]) },
    CommandHelp { changes: true, ..command("shutdown-frontend-proxy", &[(WithProxy, "shut nginx down")]) },
    CommandHelp {
        changes: true,
        ..command("generate-ssl-certificate", &[(WithProxy, "one certificate for the generated endpoints")])
    },
    command("list-releases", &[(Both, "the releases, newest first")]),
    CommandHelp {
        options: &[flag("--retry", "wait for config sources that do not exist yet")],
        changes: true,
        ..command("fetch-context", &[(Both, "fetch the config sources into the cache")])
    },
    CommandHelp {
        words: &[RELEASE, word("<todir>", Fits::Path)],
        changes: true,
        ..command("unpack", &[(Both, "unpack a release, its templates filled")])
    },
    CommandHelp {
        words: &[word("<templatePath>", Fits::Path), word("<destPath>", Fits::Path)],
        changes: true,
        ..command("expand-template", &[(Both, "fill one template from the cached sources")])
    },
    command("show-log", &[(Both, "print the log")]),
    command("check-config", &[(Both, "list all that is wrong in the configuration")]),
    CommandHelp {
        words: &[word("[<command>]", Fits::Command)],
        ..command("help", &[(Other, "show this page, or the usage of a command")])
    },
    command("version", &[(Other, "print the version")]),
    CommandHelp {
        words: &[word("[<dir>]", Fits::Path)],
        ..command("demo", &[(Other, "try c2 out in a throw-away workspace")])
    },
    command("show-default-nginx-config", &[(Other, "print the template of the proxy's nginx.conf")]),
    CommandHelp {
        words: &[word("[REGISTRY_ID...]", Fits::Anything)],
        options: &[flag("--print", "print the docker login command instead")],
        ..command("aws-docker-login-cmd", &[(Other, "log docker in to Amazon ECR")])
    },
    CommandHelp {
        words: &[word("<get|list|store|erase>", Fits::Verb)],
        verbs: &[
            ("get", "the login for the registry that standard input names"),
            ("list", "the registry of this machine's account and region"),
            ("store", "nothing: no login is kept"),
            ("erase", "nothing"),
        ],
        ..command("docker-credential", &[(Other, "docker's credential helper for Amazon ECR")])
    },
    command("le-get-certs", &[(Other, "obtain certificates through DNS (Route 53)")]),
    command("le-auth-hook", &[(Other, "what certbot calls for that: show a challenge,")]),
    command("le-cleanup-hook", &[(Other, "and remove it again")]),
];

const RELEASE: Word = word("<release>", Fits::Release);
const DEPLOY: Word = word("<deploy>", Fits::Deploy);
const ENDPOINT: Word = word("<endpoint>", Fits::EndPoint);
const FORCE: OptionHelp = flag("--force", "go on when a stop command fails");

const fn command(name: &'static str, summaries: &'static [(Group, &'static str)]) -> CommandHelp {
    CommandHelp { name, words: &[], verbs: &[], options: &[], shared: false, changes: false, summaries }
}

const fn word(shown: &'static str, fits: Fits) -> Word {
    Word { shown, fits }
}

const fn flag(name: &'static str, summary: &'static str) -> OptionHelp {
    OptionHelp { name, value: None, required: false, summary }
}

const fn option(name: &'static str, value: &'static str, summary: &'static str) -> OptionHelp {
    OptionHelp { name, value: Some(value), required: false, summary }
}
