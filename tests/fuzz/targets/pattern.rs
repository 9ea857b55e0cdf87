#![no_main]
//! `pattern`, see `tests/it/fuzzed.rs`.

#[path = "../../it/fuzzed.rs"]
#[allow(dead_code, reason = "one target uses one function")]
mod fuzzed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = fuzzed::pattern(bytes);
});
