//! Whatever the settings file holds is read, and written and read back, or refused in one line.

#![no_main]

use std::fs;
use std::sync::LazyLock;

use larder_fuzz::claims::Home;
use libfuzzer_sys::fuzz_target;

static HOME: LazyLock<Home> = LazyLock::new(|| {
    // The fuzzer's end drops nothing, so the next run removes what this one leaves.
    let folder = std::env::temp_dir().join("larder-fuzz-settings");
    fs::remove_dir_all(&folder).ok();
    let own = folder.join(std::process::id().to_string());
    fs::create_dir_all(&own).expect("a scratch folder");
    Home::new(&own)
});

fuzz_target!(|bytes: &[u8]| HOME.settings_file(bytes));
