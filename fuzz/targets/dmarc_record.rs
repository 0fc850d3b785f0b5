#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailchute_fuzz::dmarc_record(data));
