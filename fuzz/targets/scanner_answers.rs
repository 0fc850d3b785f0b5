#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailchute_fuzz::scanner_answers(data));
