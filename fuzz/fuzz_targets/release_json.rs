//! Fuzzes `properties::release_json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| properties::release_json::check(input));
