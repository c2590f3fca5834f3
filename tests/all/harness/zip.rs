//! Zip archives.

use flate2::Compression;
use flate2::write::DeflateEncoder;
use rawzip::path::EntryPath;
use rawzip::{CompressionMethod, ZipArchiveWriter};
use std::io::Write as _;

/// An archive of plain files.
pub(crate) fn zip<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    zip_with_modes(files.into_iter().map(|(name, content)| (name, 0o644, content)))
}

/// An archive of whatever has these names, Unix modes and contents.
pub(crate) fn zip_with_modes<'a>(entries: impl IntoIterator<Item = (&'a str, u32, &'a [u8])>) -> Vec<u8> {
    let mut archive = ZipArchiveWriter::new(Vec::new());
    for (name, mode, content) in entries {
        let file = archive.new_file(EntryPath::verbatim(name.as_bytes().to_vec()));
        let file = file.compression_method(CompressionMethod::DEFLATE).unix_permissions(mode);
        let (mut entry, config) = file.start().unwrap();
        let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::default()));
        writer.write_all(content).unwrap();
        let (encoder, descriptor) = writer.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap()
}
