//! The folder that the demo plays in: a configuration, a config source, two releases.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use c2_core::seam::Failure;
use serde_json::json;

use super::pack::pack;

/// The releases, the older one first: the name, the template that differs, the age of the archive.
const RELEASES: [(&str, &str, Duration); 2] = [
    ("hello-1.0.zip", include_str!("hello/greeting-1.0.txt.tpl"), Duration::from_secs(3600)),
    ("hello-2.0.zip", include_str!("hello/greeting-2.0.txt.tpl"), Duration::ZERO),
];

/// The folder that the demo plays in.
#[derive(Debug)]
pub(super) struct Workspace {
    /// The folder, absolute.
    pub(super) folder: PathBuf,
    /// The same as a text.
    pub(super) name: String,
}

impl Workspace {
    /// Makes a workspace in this folder, which must not exist or be empty; else in a fresh one for temporary files.
    pub(super) fn make(folder: Option<&str>) -> Result<Self, Failure> {
        let folder = match folder {
            Some(name) => empty_folder(name)?,
            None => tempfile::Builder::new()
                .prefix("c2-demo-")
                .tempdir()
                .map(tempfile::TempDir::keep)
                .map_err(|error| failure("make a folder for the demo", error))?,
        };
        let folder = folder.canonicalize().map_err(|error| failure(&format!("find {}", folder.display()), error))?;
        let doing = format!("make the demo's workspace in {}", folder.display());
        let Some(name) = folder.to_str().map(str::to_string) else {
            return Err(Failure::world(doing, "its path is not UTF-8"));
        };
        fill(&folder, &name).map_err(|error| failure(&doing, error))?;
        Ok(Workspace { folder, name })
    }

    /// The configuration's file.
    pub(super) fn config(&self) -> PathBuf {
        self.folder.join(CONFIG)
    }
}

const CONFIG: &str = "camus2.json";

fn empty_folder(name: &str) -> Result<PathBuf, Failure> {
    let doing = format!("make the demo's workspace in {name}");
    fs::create_dir_all(name).map_err(|error| failure(&doing, error))?;
    match fs::read_dir(name).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(PathBuf::from(name)),
        Ok(false) => Err(Failure::World {
            doing,
            why: "it is not empty".into(),
            hint: Some("name a folder that does not exist yet".into()),
        }),
        Err(error) => Err(failure(&doing, error)),
    }
}

fn fill(folder: &Path, name: &str) -> io::Result<()> {
    let config = json!({
        "releases": { "localdir": format!("{name}/releases") },
        "configSources": { "site": { "file": format!("{name}/site.json") } },
        "deploysDir": format!("{name}/deploys"),
        "contextCache": format!("{name}/context"),
        "logFile": format!("{name}/c2.log"),
    });
    fs::write(folder.join(CONFIG), format!("{config:#}\n"))?;
    fs::write(folder.join("site.json"), "{\"name\": \"harbour office\"}\n")?;
    fs::create_dir(folder.join("releases"))?;
    let now = SystemTime::now();
    for (release, greeting, age) in RELEASES {
        let files = [
            ("release.json", include_str!("hello/release.json")),
            ("hello.sh", include_str!("hello/hello.sh")),
            ("greeting.txt.tpl", greeting),
        ];
        let mut file = File::create_new(folder.join("releases").join(release))?;
        file.write_all(&pack(&files))?;
        file.set_modified(now.checked_sub(age).unwrap_or(now))?;
    }
    Ok(())
}

fn failure(doing: &str, error: io::Error) -> Failure {
    Failure::world(doing, error.to_string())
}
