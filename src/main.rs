//! Arguments to a request, to the shell, to an exit code; nothing else.

use std::process::ExitCode;

use c2_core::commands::{Options, Request};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let flag = |name: &str| words.iter().any(|word| word == name);
    let plain: Vec<&String> = words.iter().filter(|word| !word.starts_with("--")).collect();
    let request = match plain[0].as_str() {
        "start" => Request::Start { release: plain[1].clone(), as_deploy: plain.get(2).map(|name| name.to_string()), force: flag("--force") },
        "stop" => Request::Stop { deploy: plain[1].clone(), force: flag("--force") },
        "connect" => Request::Connect { endpoint: plain[1].clone(), deploy: plain[2].clone() },
        "disconnect" => Request::Disconnect { endpoint: plain[1].clone() },
        "restart-frontend-proxy" => Request::RestartProxy,
        "shutdown-frontend-proxy" => Request::ShutdownProxy,
        "status" => Request::Status { json: flag("--json-output"), show_slaves: false },
        "unpack" => Request::Unpack { release: plain[1].clone(), to: plain[2].clone() },
        "expand-template" => Request::ExpandTemplate { template: plain[1].clone(), to: plain[2].clone() },
        "fetch-context" => Request::FetchContext { retry: flag("--retry") },
        "list-releases" => Request::ListReleases,
        "show-log" => Request::ShowLog,
        "check-config" => Request::CheckConfig,
        other => panic!("{other}"),
    };
    ExitCode::from(c2_shell::run(&request, &Options { dry_run: flag("--dry-run"), ..Options::default() }))
}
