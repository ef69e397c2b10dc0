//! Arguments to what is asked for. It never looks at the world.

mod prepass;
mod shapes;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod tests;

use std::{
    ffi::{OsStr, OsString},
    fmt,
    path::Path,
};

use argh::FromArgs;
use c2_core::{
    commands::{ChallengeHook, DockerCredential, DockerLogin},
    config::Hundredths,
    nearest, nginx,
    request::completion::{Complete, Shell, script},
    request::help::{
        self, CALLBACK_OPTIONS, COMMANDS, CONFIG_OPTION, CommandHelp, HELP_OPTION, OptionHelp, TOP_OPTIONS,
    },
    request::{Options, Request},
    seam::RolloutVerb,
};

use prepass::{Taken, before_command, take, typed_config};

/// What the arguments ask for, and the configuration that they name.
pub type Asked = (Invocation, Option<String>);

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
pub enum Invocation {
    /// To print this text, which takes no configuration.
    Print(String),
    /// To run a command.
    Run {
        /// The command.
        request: Request,
        /// How it is run.
        options: Options,
    },
    /// `demo [<dir>]`
    Demo {
        /// The folder of the workspace.
        folder: Option<String>,
    },
}

/// Arguments that ask for nothing that c2 does: what is wrong with them, then what helps, a line each.
#[derive(Debug, PartialEq, Eq)]
pub struct UsageError(String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The arguments of the program called by this name: by that of docker's credential helper it is one.
pub(crate) fn called(mut arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let name = arguments.next().unwrap_or_default();
    let is_helper = Path::new(&name).file_name() == Some(OsStr::new("docker-credential-c2"));
    is_helper.then(|| "docker-credential".into()).into_iter().chain(arguments).collect()
}

/// What these arguments, without the program's name, ask for.
///
/// # Errors
/// They ask for nothing that c2 does. The question of a completion script is never an error: it gets no candidates.
pub fn invocation(arguments: Vec<OsString>) -> Result<Asked, UsageError> {
    let is_callback = arguments.iter().any(|argument| argument == OsStr::new(CALLBACK_OPTIONS[0].name));
    let texts: Result<Vec<String>, OsString> = arguments.into_iter().map(OsString::into_string).collect();
    let invocation = match &texts {
        Ok(texts) => of_texts(texts),
        Err(argument) => Err(wrong(&format!("the argument {argument:?} is not UTF-8"), None)),
    };
    if is_callback { invocation.or(Ok((Invocation::Print(String::new()), None))) } else { invocation }
}

fn of_texts(arguments: &[String]) -> Result<Asked, UsageError> {
    let (before, arguments) = before_command(arguments).map_err(|what| wrong(&what, None))?;
    let Some((name, rest)) = arguments.split_first() else { return Err(wrong("no command is given", None)) };
    if name.starts_with('-') {
        return of_top_options(arguments);
    }
    let command = known_command(name)?;
    let known: Vec<&OptionHelp> = command.all_options().collect();
    match take(&known, rest).map_err(|what| wrong(&what, Some(command)))? {
        Taken::Help => Ok((Invocation::Print(command.usage()), None)),
        Taken::Normal { config: Some(_), .. } if before.is_some() => {
            Err(wrong(&format!("{} is given twice", CONFIG_OPTION.name), Some(command)))
        }
        Taken::Normal { arguments, config } => {
            Ok((of_command(command, &arguments)?, before.or(config).map(String::from)))
        }
    }
}

/// The options of c2 itself, and those by which completion scripts ask.
fn of_top_options(arguments: &[String]) -> Result<Asked, UsageError> {
    let print = |text: String| Ok((Invocation::Print(text), None));
    let known: Vec<&OptionHelp> = TOP_OPTIONS.iter().chain(CALLBACK_OPTIONS).collect();
    let normal = match take(&known, arguments) {
        Ok(Taken::Help) => return print(help::page()),
        Ok(Taken::Normal { arguments, .. }) => arguments,
        Err(what) => {
            let name = arguments[0].split('=').next().unwrap_or_default();
            let of_commands = COMMANDS.iter().any(|command| command.all_options().any(|option| option.name == name));
            let why = if of_commands { ": the options of a command stand behind it" } else { "" };
            return Err(wrong(&format!("{what}{why}"), None));
        }
    };
    let top: shapes::Top = parse(None, &normal)?;
    let scripts = [(Shell::Bash, top.bash), (Shell::Zsh, top.zsh), (Shell::Fish, top.fish)];
    if top.version {
        return print(version());
    }
    if let Some((shell, path)) = scripts.into_iter().find_map(|(shell, path)| Some((shell, path?))) {
        return print(script(shell, &path));
    }
    let Some(index) = top.index else { return Err(wrong("no command is given", None)) };
    let config = typed_config(&top.word[..index.min(top.word.len())]);
    Ok((run(Request::Completion(Complete { index, words: top.word, enriched: top.enriched })), config))
}

fn of_command(command: &'static CommandHelp, normal: &[&str]) -> Result<Invocation, UsageError> {
    let at = Some(command);
    Ok(match command.name {
        "help" => {
            let args: shapes::Help = parse(at, normal)?;
            Invocation::Print(match args.command {
                Some(name) => known_command(&name)?.usage(),
                None => help::page(),
            })
        }
        "version" => parse(at, normal).map(|shapes::Nothing {}| Invocation::Print(version()))?,
        "show-default-nginx-config" => {
            parse(at, normal).map(|shapes::Nothing {}| Invocation::Print(nginx::DEFAULT_TEMPLATE.into()))?
        }
        "check-config" => parse(at, normal).map(|shapes::Nothing {}| run(Request::CheckConfig))?,
        "demo" => {
            let args: shapes::Demo = parse(at, normal)?;
            Invocation::Demo { folder: args.dir }
        }
        "list-releases" => parse(at, normal).map(|shapes::Nothing {}| run(Request::ListReleases))?,
        "show-log" => parse(at, normal).map(|shapes::Nothing {}| run(Request::ShowLog))?,
        "fetch-context" => {
            let args: shapes::FetchContext = parse(at, normal)?;
            change(Request::FetchContext { retry: args.retry }, args.dry_run, args.lock_wait)
        }
        "unpack" => {
            let args: shapes::Unpack = parse(at, normal)?;
            change(Request::Unpack { release: args.release, to: args.to }, args.dry_run, args.lock_wait)
        }
        "expand-template" => {
            let args: shapes::ExpandTemplate = parse(at, normal)?;
            change(Request::ExpandTemplate { template: args.template, to: args.to }, args.dry_run, args.lock_wait)
        }
        "start" => {
            let args: shapes::Start = parse(at, normal)?;
            let (release, as_deploy, sha256) = (args.release, args.as_deploy, args.sha256);
            let request = Request::Start { release, as_deploy, force: args.force, sha256 };
            shared(change(request, args.dry_run, args.lock_wait), args.rollout, args.allow_unsafe_store)
        }
        "restart" | "stop" => {
            let args: shapes::OfDeploy = parse(at, normal)?;
            let (deploy, force) = (args.deploy, args.force);
            let request = match command.name {
                "stop" => Request::Stop { deploy, force },
                _ => Request::Restart { deploy, force },
            };
            shared(change(request, args.dry_run, args.lock_wait), args.rollout, args.allow_unsafe_store)
        }
        "status" => {
            let args: shapes::Status = parse(at, normal)?;
            run(Request::Status { show_slaves: args.show_slaves, json: args.json_output, table: args.table })
        }
        _ => of_further_command(command, normal)?,
    })
}

/// The commands that only the proxy has, and those for AWS.
fn of_further_command(command: &'static CommandHelp, normal: &[&str]) -> Result<Invocation, UsageError> {
    let at = Some(command);
    Ok(match command.name {
        "connect" => {
            let args: shapes::Connect = parse(at, normal)?;
            let request = Request::Connect { endpoint: args.endpoint, deploy: args.deploy };
            shared(change(request, args.dry_run, args.lock_wait), args.rollout, args.allow_unsafe_store)
        }
        "disconnect" => {
            let args: shapes::Disconnect = parse(at, normal)?;
            let request = Request::Disconnect { endpoint: args.endpoint };
            shared(change(request, args.dry_run, args.lock_wait), args.rollout, args.allow_unsafe_store)
        }
        "split" => {
            let args: shapes::Split = parse(at, normal)?;
            let request = Request::Split { endpoint: args.endpoint, deploy: args.deploy, percent: args.percent };
            shared(change(request, args.dry_run, args.lock_wait), args.rollout, args.allow_unsafe_store)
        }
        "maintenance" => {
            let args: shapes::Maintenance = parse(at, normal)?;
            let (endpoint, message) = (args.endpoint, args.message);
            let request = match args.off {
                false => Request::Maintain { endpoint, message },
                true if message.is_none() => Request::EndMaintenance { endpoint },
                true => return Err(wrong("--message and --off exclude each other", at)),
            };
            shared(change(request, args.dry_run, args.lock_wait), args.rollout, args.allow_unsafe_store)
        }
        "restart-frontend-proxy" => {
            let args: shapes::Change = parse(at, normal)?;
            change(Request::RestartProxy, args.dry_run, args.lock_wait)
        }
        "shutdown-frontend-proxy" => {
            let args: shapes::Change = parse(at, normal)?;
            change(Request::ShutdownProxy, args.dry_run, args.lock_wait)
        }
        "generate-ssl-certificate" => {
            let args: shapes::Change = parse(at, normal)?;
            change(Request::GenerateCertificate, args.dry_run, args.lock_wait)
        }
        "slave-update" => {
            let args: shapes::Repeated = parse(at, normal)?;
            let request = Request::SlaveUpdate { repeat_s: args.repeat, kept: None, misconfigured: None };
            change(request, args.dry_run, args.lock_wait)
        }
        "reconcile" => {
            let args: shapes::Repeated = parse(at, normal)?;
            let request = Request::Reconcile { repeat_s: args.repeat, kept: None, misconfigured: None };
            change(request, args.dry_run, args.lock_wait)
        }
        "hold" => {
            let args: shapes::Hold = parse(at, normal)?;
            let request = match (args.why, args.off) {
                (why, false) => Request::Hold { why: Some(why.unwrap_or_default()) },
                (None, true) => Request::Hold { why: None },
                (Some(_), true) => return Err(wrong("--why and --off exclude each other", at)),
            };
            change(request, args.dry_run, args.lock_wait)
        }
        "slave-flush" => {
            let args: shapes::SlaveFlush = parse(at, normal)?;
            change(Request::SlaveFlush, args.dry_run, None)
        }
        "rollout" => of_rollout(command, normal)?,
        "le-get-certs" => parse(at, normal).map(|shapes::Nothing {}| run(Request::GetCerts))?,
        "le-auth-hook" => {
            parse(at, normal).map(|shapes::Nothing {}| run(Request::ChallengeHook(ChallengeHook::Auth)))?
        }
        "le-cleanup-hook" => {
            parse(at, normal).map(|shapes::Nothing {}| run(Request::ChallengeHook(ChallengeHook::Cleanup)))?
        }
        "docker-credential" => {
            let args: shapes::DockerCredential = parse(at, normal)?;
            let found = DockerCredential::VERBS.into_iter().find(|(name, _)| *name == args.verb);
            let Some((_, verb)) = found else {
                return Err(unknown_verb(
                    &format!("docker asks no {:?} of a credential helper", args.verb),
                    &args.verb,
                    command,
                ));
            };
            run(Request::DockerCredential(verb))
        }
        "aws-docker-login-cmd" => {
            let args: shapes::AwsDockerLoginCmd = parse(at, normal)?;
            run(Request::DockerLogin(DockerLogin { registries: args.registries, print: args.print }))
        }
        name => unreachable!("{name} is in the table of the help"),
    })
}

fn of_rollout(command: &'static CommandHelp, normal: &[&str]) -> Result<Invocation, UsageError> {
    let at = Some(command);
    let args: shapes::Rollout = parse(at, normal)?;
    let verb = args.verb.as_str();
    if !command.verb_names().any(|(name, _)| name == verb) {
        return Err(unknown_verb(&format!("a rollout has no {verb:?}"), verb, command));
    }
    let of_run = [
        ("--stages", args.stages.is_some()),
        ("--bake", args.bake.is_some()),
        ("--max-failures", args.max_failures.is_some()),
        ("--stage-timeout", args.stage_timeout.is_some()),
    ];
    if let (Some((option, _)), true) = (of_run.iter().find(|(_, given)| *given), verb != "run") {
        return Err(wrong(&format!("{verb} takes no {option}: that is for run"), at));
    }
    if let (Some(percent), true) = (args.percent, verb != "advance") {
        return Err(wrong(&format!("{verb} takes no share ({}): that is for advance", percent.get()), at));
    }
    let request = match (verb, args.percent, args.stages) {
        ("advance", Some(percent), _) => Request::RolloutChange(RolloutVerb::Advance(percent)),
        ("advance", None, _) => return Err(wrong("advance takes the new share: rollout advance PERCENT", at)),
        ("finish", ..) => Request::RolloutChange(RolloutVerb::Finish),
        ("abort", ..) => Request::RolloutChange(RolloutVerb::Abort),
        ("run", _, Some(stages)) => Request::RolloutRun {
            stages,
            bake_s: args.bake.unwrap_or(0),
            max_failures: args.max_failures.unwrap_or(0),
            timeout_s: args.stage_timeout.unwrap_or(600),
        },
        ("run", _, None) => return Err(wrong("run takes the shares, one after the other: --stages 10,50,100", at)),
        _ => Request::RolloutStatus,
    };
    Ok(shared(change(request, args.dry_run, None), None, args.allow_unsafe_store))
}

/// That a command has no such verb, and those that it has.
fn unknown_verb(what: &str, verb: &str, command: &CommandHelp) -> UsageError {
    let names: Vec<&str> = command.verb_names().map(|(name, _)| name).collect();
    let near = did_you_mean(verb, names.iter().copied());
    wrong(&format!("{what}{near} (there are {})", names.join(", ")), Some(command))
}

fn run(request: Request) -> Invocation {
    Invocation::Run { request, options: Options::DEFAULT }
}

fn change(request: Request, dry_run: bool, lock_wait: Option<u32>) -> Invocation {
    let lock_wait_s = lock_wait.unwrap_or(Options::DEFAULT.lock_wait_s);
    Invocation::Run { request, options: Options { dry_run, lock_wait_s, ..Options::DEFAULT } }
}

/// The same, with the options of what changes a shared state.
fn shared(invocation: Invocation, rollout: Option<Hundredths>, unsafe_store: bool) -> Invocation {
    match invocation {
        Invocation::Run { request, options } => {
            Invocation::Run { request, options: Options { rollout, unsafe_store, ..options } }
        }
        other => other,
    }
}

fn version() -> String {
    concat!(env!("CARGO_PKG_VERSION"), "\n").into()
}

fn known_command(name: &str) -> Result<&'static CommandHelp, UsageError> {
    help::command(name).ok_or_else(|| {
        let near = did_you_mean(name, COMMANDS.iter().map(|command| command.name));
        wrong(&format!("there is no command {name:?}{near}"), None)
    })
}

/// Has argh read the normal arguments. What it says against them is several lines: they become one.
fn parse<T: FromArgs>(command: Option<&CommandHelp>, normal: &[&str]) -> Result<T, UsageError> {
    T::from_args(&["c2"], normal).map_err(|exit| {
        let mut words: Vec<String> = exit.output.split_whitespace().map(String::from).collect();
        if let Some(first) = words.first_mut() {
            *first = first.to_lowercase();
        }
        wrong(&words.join(" "), command)
    })
}

fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(name, known).map(|near| format!(", did you mean {near}?")).unwrap_or_default()
}

fn wrong(what: &str, command: Option<&CommandHelp>) -> UsageError {
    UsageError(match command {
        Some(command) => format!("c2: {}: {what}\n{}\nc2 help shows all commands", command.name, command.usage_line()),
        None => format!("c2: {what}\nc2 help shows all commands"),
    })
}
