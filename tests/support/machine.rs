//! A real machine in a temporary folder: files, links, releases packed as zips, and the program run on them.

use std::{
    collections::BTreeMap,
    fs::{self, File, Permissions},
    io::Write,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use c2_core::{
    seam::Location,
    world::{Node, World},
};
use tempfile::TempDir;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::case::Case;

/// A folder in which `/opt`, `/srv` and `/etc` of a machine lie; `run` holds what runs.
#[derive(Debug)]
pub struct Machine {
    _folder: TempDir,
    pub root: String,
}

/// How a run of the program ended, and what it printed, the root taken out.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Machine {
    /// A machine with a configuration in which `{root}` stands for its root.
    pub fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().to_str().unwrap().to_string();
        let machine = Machine { _folder: folder, root };
        for folder in ["/run", "/opt/deploys", "/srv/releases"] {
            machine.make_folder(folder, 0o755);
        }
        machine.write("/config.json", 0o644, config.replace("{root}", &machine.root).as_bytes());
        machine
    }

    /// The machine that a case sets out from.
    pub fn of(case: &Case) -> Self {
        let machine = Machine::new(&case.config_text("{root}"));
        machine.build(&case.world_below(&machine.root));
        machine
    }

    fn build(&self, world: &World) {
        for (path, node) in world.tree.0.iter().filter(|(path, _)| *path != "/config.json") {
            match node {
                Node::Folder { mode } => self.make_folder(path, *mode),
                Node::File { mode, bytes } => self.write(path, *mode, bytes),
                Node::Link { target, since } => self.link(path, target, *since),
            }
        }
        for (location, release) in &world.releases {
            let Location::File(path) = location else { continue };
            match &release.broken {
                Some(_) => self.write(path, 0o644, b"no zip at all"),
                None => self.pack(path, &release.files),
            }
            let newer = world.releases.values().filter(|other| other.modified < release.modified).count();
            let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000 + newer as u64);
            File::open(self.path(path)).unwrap().set_modified(modified).unwrap();
        }
        for (folder, version) in &world.running {
            self.write(&format!("/run/{}", base_name(folder)), 0o644, version.as_bytes());
        }
    }

    /// A path of the machine as this one has it.
    pub fn path(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("{}{path}", self.root))
    }

    pub fn make_folder(&self, path: &str, mode: u32) {
        fs::create_dir_all(self.path(path)).unwrap();
        fs::set_permissions(self.path(path), Permissions::from_mode(mode)).unwrap();
    }

    /// Writes a file; folders that are missing are made.
    pub fn write(&self, path: &str, mode: u32, bytes: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }

    fn link(&self, path: &str, target: &str, since: u64) {
        let at = self.path(path);
        let target = if target.starts_with('/') { format!("{}{target}", self.root) } else { target.to_string() };
        let _ = fs::remove_file(&at);
        symlink(target, &at).unwrap();
        let touched = Command::new("touch").arg("-h").arg("-d").arg(format!("@{since}")).arg(&at).status();
        assert!(touched.unwrap().success());
    }

    /// Packs files, with their modes, as a zip.
    pub fn pack(&self, path: &str, files: &BTreeMap<String, (u32, Vec<u8>)>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut zip = ZipWriter::new(File::create(path).unwrap());
        for (name, (mode, bytes)) in files {
            zip.start_file(name.as_str(), SimpleFileOptions::default().unix_permissions(*mode)).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
    }

    /// The program with these words, about to be run.
    pub fn command<W: AsRef<str>>(&self, words: &[W]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_c2"));
        self.ready(&mut command, words);
        command
    }

    /// The program under a umask.
    pub fn command_under<W: AsRef<str>>(&self, umask: &str, words: &[W]) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_c2")]);
        self.ready(&mut command, words);
        command
    }

    fn ready<W: AsRef<str>>(&self, command: &mut Command, words: &[W]) {
        command
            .args(words.iter().map(AsRef::as_ref))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("CAMUS2_CONFIG", self.path("/config.json"))
            .env("RUN", self.path("/run"))
            .current_dir(&self.root)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    pub fn run<W: AsRef<str>>(&self, words: &[W]) -> Ended {
        self.ended(self.command(words).output().unwrap())
    }

    /// What a run of the program came to.
    pub fn ended(&self, output: Output) -> Ended {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).replace(&self.root, "");
        Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The log, the root taken out.
    pub fn log(&self) -> String {
        let text = fs::read(self.path("/opt/var/log/camus2.log")).unwrap_or_default();
        String::from_utf8_lossy(&text).replace(&self.root, "")
    }

    /// The text of a file; `None` when it is not there.
    pub fn text(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.path(path)).ok()
    }

    /// The target of a link, the root taken out.
    pub fn target(&self, path: &str) -> Option<String> {
        let target = fs::read_link(self.path(path)).ok()?;
        Some(target.to_str().unwrap().replace(&self.root, ""))
    }

    /// All that is on this machine and would be on a simulated one: no releases, no configuration, no log.
    pub fn world(&self) -> World {
        let mut world = World::default();
        for folder in ["/opt", "/srv", "/etc"] {
            self.look(folder, &mut world);
        }
        for entry in fs::read_dir(self.path("/run")).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            world.running.insert(name, fs::read_to_string(entry.path()).unwrap());
        }
        world
    }

    fn look(&self, path: &str, world: &mut World) {
        let full = self.path(path);
        let Ok(metadata) = full.symlink_metadata() else { return };
        let mode = metadata.permissions().mode() & 0o7777;
        if metadata.is_symlink() {
            world.tree.0.insert(path.into(), Node::Link { target: self.target(path).unwrap(), since: 0 });
        } else if metadata.is_file() {
            let bytes = fs::read(&full).unwrap();
            let bytes = String::from_utf8(bytes)
                .map_or_else(|error| error.into_bytes(), |text| text.replace(&self.root, "").into_bytes());
            world.tree.0.insert(path.into(), Node::File { mode, bytes: bytes.into() });
        } else {
            world.tree.0.insert(path.into(), Node::Folder { mode });
            for entry in fs::read_dir(&full).unwrap() {
                self.look(&format!("{path}/{}", entry.unwrap().file_name().to_str().unwrap()), world);
            }
        }
    }
}

/// The last segment of a path.
pub fn base_name(path: &str) -> &str {
    Path::new(path).file_name().unwrap().to_str().unwrap()
}

/// Looks until a condition holds; fails when it does not in half a minute.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < until, "it never came about that {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
