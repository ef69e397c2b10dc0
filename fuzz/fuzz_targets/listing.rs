//! Fuzzes `properties::listing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| properties::listing::check(input));
