//! Archives as people make them, and as nobody does who means well.

use super::*;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use rawzip::ZipArchiveWriter;
use rawzip::path::EntryPath;
use std::io::Write;

/// One entry: its name in bytes, Unix mode, content.
pub(in crate::source) type Entry<'a> = (&'a [u8], u32, &'a [u8]);

pub(in crate::source) fn zip(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut archive = ZipArchiveWriter::new(Vec::new());
    for (name, mode, content) in entries {
        let file = archive.new_file(EntryPath::verbatim(name.to_vec()));
        let file = file.compression_method(CompressionMethod::DEFLATE).unix_permissions(*mode);
        let (mut entry, config) = file.start().unwrap();
        let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::default()));
        writer.write_all(content).unwrap();
        let (encoder, descriptor) = writer.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap()
}

/// Plain files.
pub(in crate::source) fn files(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let entries: Vec<_> = entries.iter().map(|(name, content)| (name.as_bytes(), 0o644, *content)).collect();
    zip(&entries)
}

fn paths(bytes: &[u8]) -> Vec<String> {
    unzip("a.zip", bytes).expect("a good archive").into_iter().map(|file| file.path).collect()
}

fn refusal(bytes: &[u8]) -> String {
    unzip("a.zip", bytes).expect_err("a bad archive").to_string()
}

/// Changes the two bytes at an offset of each central and each local header.
fn patched(mut bytes: Vec<u8>, central: usize, local: usize, value: [u8; 2]) -> Vec<u8> {
    for (signature, offset) in [(b"PK\x01\x02", central), (b"PK\x03\x04", local)] {
        let found = bytes.windows(4).position(|window| window == signature).unwrap();
        bytes[found + offset..found + offset + 2].copy_from_slice(&value);
    }
    bytes
}

#[test]
fn a_folder_that_everything_is_in_is_left_out() {
    assert_eq!(paths(&files(&[("crm/api.py", b"1"), ("crm/v1/x.py", b"2")])), ["api.py", "v1/x.py"]);
    assert_eq!(paths(&files(&[("api.py", b"1"), ("v1/x.py", b"2")])), ["api.py", "v1/x.py"]);
    assert_eq!(paths(&files(&[("a/x.py", b"1"), ("ab/x.py", b"2")])), ["a/x.py", "ab/x.py"]);
    assert_eq!(paths(&files(&[])), Vec::<String>::new());
}

#[test]
fn folders_and_clutter_are_passed_over() {
    let archive = zip(&[
        (b"crm/", 0o040_755, b""),
        (b"crm/api.py", 0o644, b"1"),
        (b"crm/.DS_Store", 0o644, b"x"),
        (b"crm/__pycache__/api.pyc", 0o644, b"x"),
        (b"__MACOSX/crm/._api.py", 0o644, b"x"),
    ]);
    assert_eq!(paths(&archive), ["api.py"]);
    assert_eq!(paths(&files(&[("\u{17c}.py", b"1")])), ["\u{17c}.py"]);
}

#[test]
fn content_comes_out_as_it_went_in() {
    let content: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    let unpacked = unzip("a.zip", &files(&[("a.bin", &content), ("empty", b"")])).unwrap();
    assert_eq!((&unpacked[0].content[..], &unpacked[1].content[..]), (&content[..], &b""[..]));
}

#[test]
fn names_that_leave_the_package_are_refused() {
    for (name, part) in [
        (&b"../x.py"[..], "leaves the package"),
        (b"crm/../../x.py", "leaves the package"),
        (b"crm/./x.py", "leaves the package"),
        (b"crm//x.py", "leaves the package"),
        (b"..", "leaves the package"),
        (b"../", "leaves the package"),
        (b"", "leaves the package"),
        (b"/etc/x.py", "root of a file system"),
        (b"/", "root of a file system"),
        (b"C:/x.py", "root of a file system"),
        (b"c:x.py", "root of a file system"),
        (b"..\\x.py", "backslash"),
        (b"\\\\host\\x.py", "backslash"),
        (b"x.py\0.txt", "control characters"),
        (b"x\n.py", "control characters"),
        (b"caf\xe9.py", "not UTF-8"),
        // What is passed over is looked at all the same.
        (b"__MACOSX/../../x", "leaves the package"),
    ] {
        let error = refusal(&zip(&[(b"a.py", 0o644, b"1"), (name, 0o644, b"2")]));
        assert!(error.contains(part) && error.contains("a.zip"), "{name:?}: {error}");
    }
}

#[test]
fn what_is_no_plain_file_is_refused() {
    for (mode, part) in
        [(0o120_777, "symbolic link"), (0o010_644, "neither a file"), (0o020_644, "neither a file")]
    {
        let error = refusal(&zip(&[(b"passwd.py", mode, b"/etc/passwd")]));
        assert!(error.contains("passwd.py") && error.contains(part), "{mode:o}: {error}");
    }
    assert!(refusal(&files(&[("a.py", b"1"), ("a.py", b"2")])).contains("it is there twice"));
    let plain = || files(&[("a.py", b"x = 1")]);
    assert!(refusal(&patched(plain(), 8, 6, [9, 0])).contains("encrypted"));
    assert!(refusal(&patched(plain(), 10, 8, [12, 0])).contains("compression is not known"));
}

#[test]
fn what_is_damaged_is_refused() {
    let good = files(&[("a.py", b"some text that is compressed"), ("b.py", b"1")]);
    assert!(refusal(b"").contains("no zip file"));
    assert!(refusal(b"from caisson import Service\n").contains("no zip file"));
    for end in [10, good.len() / 2, good.len() - 1] {
        assert!(refusal(&good[..end]).contains("no zip file"), "cut at {end}");
    }
    for place in 0..good.len() {
        let mut changed = good.clone();
        changed[place] ^= 0x55;
        // Some bytes mean nothing, such as a time. None of them may do harm.
        if let Ok(files) = unzip("a.zip", &changed) {
            let same = |content: &[u8]| content == b"some text that is compressed" || content == b"1";
            assert!(files.iter().all(|file| same(&file.content)), "changed at {place}");
        }
    }
    let mut fewer = good.clone();
    let end = fewer.len() - 22;
    fewer[end + 8..end + 12].copy_from_slice(&[1, 0, 1, 0]);
    assert!(refusal(&fewer).contains("1 entries are announced, 2 are there"));
}

#[test]
fn bombs_are_noticed_while_they_are_unpacked() {
    let zeros = vec![0_u8; (4 << 20) + 1];
    let error = refusal(&files(&[("a.bin", &zeros)]));
    assert!(error.contains("100 times"), "{error}");
    // The same with sizes that are lies.
    let mut liar = files(&[("a.bin", &zeros[..2 << 20])]);
    let central = liar.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    liar[central + 24..central + 28].copy_from_slice(&5_u32.to_le_bytes());
    assert!(unzip("a.zip", &liar).is_err());
    let mut noise = blake3::Hasher::new().finalize_xof();
    let mut random = vec![0_u8; (4 << 20) + 1];
    noise.fill(&mut random);
    let error = refusal(&files(&[("a.bin", &random)]));
    assert!(error.contains("a.bin is more than 4194304 bytes when it is unpacked"), "{error}");
    let names: Vec<String> = (0..17).map(|number| format!("{number}.bin")).collect();
    let heavy: Vec<_> = names.iter().map(|name| (name.as_str(), &random[..4 << 20])).collect();
    assert!(refusal(&files(&heavy)).contains("67108864"));
    let names: Vec<String> = (0..2_001).map(|number| format!("m{number}.py")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let error = refusal(&files(&many));
    assert!(error.contains("2000 files"), "{error}");
    let folders: Vec<String> = (0..4_001).map(|number| format!("m{number}/")).collect();
    let many: Vec<_> = folders.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let error = refusal(&files(&many));
    assert!(error.contains("2000 files"), "{error}");
}
