//! Fuzzes `properties::zip`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| properties::zip::check(input));
