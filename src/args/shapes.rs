//! The arguments of each command as argh reads them: behind the pass, and named as the table of commands names them.

use argh::FromArgs;
use c2_core::config::{Hundredths, Percent, Positive};

/// The options of c2 itself.
#[derive(FromArgs)]
pub(super) struct Top {
    #[argh(switch)]
    pub(super) version: bool,
    #[argh(option, long = "bash-completion-script")]
    pub(super) bash: Option<String>,
    #[argh(option, long = "zsh-completion-script")]
    pub(super) zsh: Option<String>,
    #[argh(option, long = "fish-completion-script")]
    pub(super) fish: Option<String>,
    #[argh(option, long = "bash-completion-index")]
    pub(super) index: Option<usize>,
    #[argh(option, long = "bash-completion-word")]
    pub(super) word: Vec<String>,
    #[argh(switch, long = "bash-completion-enriched")]
    pub(super) enriched: bool,
    #[argh(option, long = "bash-completion-option-desc-length")]
    _option_length: Option<u32>,
    #[argh(option, long = "bash-completion-command-desc-length")]
    _command_length: Option<u32>,
}

/// A command without words and options.
#[derive(FromArgs)]
pub(super) struct Nothing {}

#[derive(FromArgs)]
pub(super) struct Help {
    #[argh(positional)]
    pub(super) command: Option<String>,
}

#[derive(FromArgs)]
pub(super) struct Demo {
    #[argh(positional)]
    pub(super) dir: Option<String>,
}

#[derive(FromArgs)]
pub(super) struct FetchContext {
    #[argh(switch)]
    pub(super) retry: bool,
    #[argh(switch)]
    pub(super) dry_run: bool,
    #[argh(option, from_str_fn(whole_seconds))]
    pub(super) lock_wait: Option<u32>,
}

#[derive(FromArgs)]
pub(super) struct Unpack {
    #[argh(positional, arg_name = "<release>")]
    pub(super) release: String,
    #[argh(positional, arg_name = "<todir>")]
    pub(super) to: String,
    #[argh(switch)]
    pub(super) dry_run: bool,
    #[argh(option, from_str_fn(whole_seconds))]
    pub(super) lock_wait: Option<u32>,
}

#[derive(FromArgs)]
pub(super) struct ExpandTemplate {
    #[argh(positional, arg_name = "<templatePath>")]
    pub(super) template: String,
    #[argh(positional, arg_name = "<destPath>")]
    pub(super) to: String,
    #[argh(switch)]
    pub(super) dry_run: bool,
    #[argh(option, from_str_fn(whole_seconds))]
    pub(super) lock_wait: Option<u32>,
}

#[derive(FromArgs)]
pub(super) struct Start {
    #[argh(positional, arg_name = "<release>")]
    pub(super) release: String,
    #[argh(positional, arg_name = "<asdeploy>")]
    pub(super) as_deploy: Option<String>,
    #[argh(switch)]
    pub(super) force: bool,
    #[argh(option)]
    pub(super) sha256: Option<String>,
    #[argh(option, from_str_fn(hundredths))]
    pub(super) rollout: Option<Hundredths>,
    #[argh(switch)]
    pub(super) allow_unsafe_store: bool,
    #[argh(switch)]
    pub(super) dry_run: bool,
    #[argh(option, from_str_fn(whole_seconds))]
    pub(super) lock_wait: Option<u32>,
}

/// `stop` or `restart`.
#[derive(FromArgs)]
pub(super) struct OfDeploy {
    #[argh(positional, arg_name = "<deploy>")]
    pub(super) deploy: String,
    #[argh(switch)]
    pub(super) force: bool,
    #[argh(option, from_str_fn(hundredths))]
    pub(super) rollout: Option<Hundredths>,
    #[argh(switch)]
    pub(super) allow_unsafe_store: bool,
    #[argh(switch)]
    pub(super) dry_run: bool,
    #[argh(option, from_str_fn(whole_seconds))]
    pub(super) lock_wait: Option<u32>,
}

#[derive(FromArgs)]
pub(super) struct Status {
    #[argh(switch)]
    pub(super) show_slaves: bool,
    #[argh(switch)]
    pub(super) json_output: bool,
    #[argh(switch)]
    pub(super) table: bool,
}

#[derive(FromArgs)]
pub(super) struct Connect {
    #[argh(positional, arg_name = "<endpoint>")]
    pub(super) endpoint: String,
    #[argh(positional, arg_name = "<deploy>")]
    pub(super) deploy: String,
    #[argh(option, from_str_fn(hundredths))]
    pub(super) rollout: Option<Hundredths>,
    #[argh(switch)]
    pub(super) allow_unsafe_store: bool,
    #[argh(switch)]
    pub(super) dry_run: bool,
    #[argh(option, from_str_fn(whole_seconds))]
    pub(super) lock_wait: Option<u32>,
}

#[derive(FromArgs)]
pub(super) struct Disconnect {
    #[argh(positional, arg_name = "<endpoint>")]
    pub(super) endpoint: String,
    #[argh(option, from_str_fn(hundredths))]
    pub(super) rollout: Option<Hundredths>,
    #[argh(switch)]
    pub(super) allow_unsafe_store: bool,
    #[argh(switch)]
    pub(super) dry_run: bool,
    #[argh(option, from_str_fn(whole_seconds))]
    pub(super) lock_wait: Option<u32>,
}

#[derive(FromArgs)]
pub(super) struct Split {
    #[argh(positional, arg_name = "<endpoint>")]
    pub(super) endpoint: String,
    #[argh(positional, arg_name = "<deploy>")]
    pub(super) deploy: String,
    #[argh(option, from_str_fn(percent))]
    pub(super) percent: Percent,
    #[argh(option, from_str_fn(hundredths))]
    pub(super) rollout: Option<Hundredths>,
    #[argh(switch)]
    pub(super) allow_unsafe_store: bool,
    #[argh(switch)]
    pub(super) dry_run: bool,
    #[argh(option, from_str_fn(whole_seconds))]
    pub(super) lock_wait: Option<u32>,
}

fn percent(text: &str) -> Result<Percent, String> {
    let number = text.parse().ok().and_then(Percent::new);
    number.ok_or_else(|| "it is not a whole number from 1 to 99".to_string())
}

#[derive(FromArgs)]
pub(super) struct Maintenance {
    #[argh(positional, arg_name = "<endpoint>")]
    pub(super) endpoint: String,
    #[argh(option)]
    pub(super) message: Option<String>,
    #[argh(switch)]
    pub(super) off: bool,
    #[argh(option, from_str_fn(hundredths))]
    pub(super) rollout: Option<Hundredths>,
    #[argh(switch)]
    pub(super) allow_unsafe_store: bool,
    #[argh(switch)]
    pub(super) dry_run: bool,
    #[argh(option, from_str_fn(whole_seconds))]
    pub(super) lock_wait: Option<u32>,
}

/// A change without words.
#[derive(FromArgs)]
pub(super) struct Change {
    #[argh(switch)]
    pub(super) dry_run: bool,
    #[argh(option, from_str_fn(whole_seconds))]
    pub(super) lock_wait: Option<u32>,
}

/// A change that may be made over and over.
#[derive(FromArgs)]
pub(super) struct Repeated {
    #[argh(option, from_str_fn(seconds))]
    pub(super) repeat: Option<Positive>,
    #[argh(switch)]
    pub(super) dry_run: bool,
    #[argh(option, from_str_fn(whole_seconds))]
    pub(super) lock_wait: Option<u32>,
}

#[derive(FromArgs)]
pub(super) struct Hold {
    #[argh(option)]
    pub(super) why: Option<String>,
    #[argh(switch)]
    pub(super) off: bool,
    #[argh(switch)]
    pub(super) dry_run: bool,
    #[argh(option, from_str_fn(whole_seconds))]
    pub(super) lock_wait: Option<u32>,
}

#[derive(FromArgs)]
pub(super) struct SlaveFlush {
    #[argh(switch)]
    pub(super) dry_run: bool,
}

#[derive(FromArgs)]
pub(super) struct Rollout {
    #[argh(positional, arg_name = "<status|advance|finish|abort|run>")]
    pub(super) verb: String,
    #[argh(positional, arg_name = "[<percent>]", from_str_fn(hundredths))]
    pub(super) percent: Option<Hundredths>,
    #[argh(option, from_str_fn(stages))]
    pub(super) stages: Option<Vec<Hundredths>>,
    #[argh(option, from_str_fn(whole_seconds))]
    pub(super) bake: Option<u32>,
    #[argh(option, from_str_fn(whole))]
    pub(super) max_failures: Option<u32>,
    #[argh(option, from_str_fn(whole_seconds))]
    pub(super) stage_timeout: Option<u32>,
    #[argh(switch)]
    pub(super) allow_unsafe_store: bool,
    #[argh(switch)]
    pub(super) dry_run: bool,
}

fn hundredths(text: &str) -> Result<Hundredths, String> {
    let number = text.parse().ok().and_then(Hundredths::new);
    number.ok_or_else(|| "it is not a whole number from 1 to 100".to_string())
}

fn stages(text: &str) -> Result<Vec<Hundredths>, String> {
    let stages = text.split(',').map(|stage| hundredths(stage.trim())).collect::<Result<Vec<_>, _>>()?;
    let grow = stages.windows(2).all(|pair| pair[0] < pair[1]);
    if grow { Ok(stages) } else { Err("each stage must be larger than the one before".to_string()) }
}

fn whole(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "it is not a whole number from 0 to 4294967295".to_string())
}

fn whole_seconds(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "it is not a whole number of seconds from 0 to 4294967295".to_string())
}

fn seconds(text: &str) -> Result<Positive, String> {
    let number = text.parse().ok().and_then(Positive::new);
    number.ok_or_else(|| "it is not a whole number of seconds, 1 or more".to_string())
}

#[derive(FromArgs)]
pub(super) struct DockerCredential {
    #[argh(positional, arg_name = "<get|list|store|erase>")]
    pub(super) verb: String,
}

#[derive(FromArgs)]
pub(super) struct AwsDockerLoginCmd {
    #[argh(switch)]
    pub(super) print: bool,
    #[argh(positional)]
    pub(super) registries: Vec<String>,
}
