//! Fuzzes `properties::unpack`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| properties::unpack::check(input));
