//! What the fuzz targets share: seeds, which each target makes by itself when it starts, so that none is kept in the
//! repository.

use std::path::PathBuf;

/// Writes seeds into the folder that `EXO_FUZZ_SEEDS` names, if it names one: libFuzzer reads it afterwards.
///
/// # Panics
/// If the folder cannot be written.
pub fn write_seeds<'a>(seeds: impl IntoIterator<Item = (&'a str, Vec<u8>)>) {
    let Some(folder) = std::env::var_os("EXO_FUZZ_SEEDS").map(PathBuf::from) else { return };
    for (name, bytes) in seeds {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}
