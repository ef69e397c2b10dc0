//! placeholder until the branch is merged
use alloc::{collections::BTreeMap, string::{String, ToString}, vec::Vec, format};
use crate::archive::Limits;
#[derive(Clone, Debug)]
pub enum Releases { S3{bucket:String,key:String}, LocalDir(String) }
#[derive(Clone, Debug)]
pub enum Source { File(String), S3{bucket:String,key:String}, Secret(String) }
#[derive(Clone, Debug)]
pub struct ToolConfig { pub deploys_dir: String, pub context_cache: String, pub log_file: String, pub releases: Releases, pub config_sources: BTreeMap<String, Source>, pub proxy: bool, pub strict_templates: bool, pub limits: Limits, pub command_timeout_s: Option<u32> }
#[derive(Clone, Debug)]
pub struct ReleaseConfig { pub templates: Vec<String>, pub prestart_command: String, pub start_command: String, pub stop_command: String, pub config_sources: BTreeMap<String,String> }
pub fn release_config(file: &str, text: &str) -> Result<ReleaseConfig, Vec<String>> {
    let v: serde_json::Value = serde_json::from_str(text).map_err(|e| alloc::vec![format!("{file}: {e}")])?;
    let s = |n: &str| v[n].as_str().map(ToString::to_string).ok_or_else(|| alloc::vec![format!("{file}: {n} missing")]);
    Ok(ReleaseConfig { templates: v["templates"].as_array().into_iter().flatten().filter_map(|t| t.as_str().map(Into::into)).collect(), prestart_command: s("prestartCommand")?, start_command: s("startCommand")?, stop_command: s("stopCommand")?, config_sources: BTreeMap::new() })
}
