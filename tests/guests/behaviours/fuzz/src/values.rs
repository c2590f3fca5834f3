//! Names, texts and numbers that hosts have been hurt with, among ordinary ones.

use arbitrary::{Result, Unstructured};

/// Texts that mean something to somebody on the way.
const TEXTS: &[&str] = &[
    "",
    " ",
    "plain",
    "Ada \u{e9}\u{1f980}",
    "a\0b",
    "a\r\nb: c",
    "\u{feff}\u{202e}\u{0}",
    "'; drop table items; --",
    "${env:HOME}",
    "%s%n%x",
    "../../etc/passwd",
    "{\"a\":1}",
    "NaN",
    "-Infinity",
    "1e999999",
    "\\",
    "{",
    "}",
];

/// Lengths at which something ends: of a byte, a field, a frame, a head.
const LENGTHS: &[usize] = &[1, 255, 256, 4_096, 65_535, 65_536, 140_000, 1 << 20];

/// A name of a connection; mostly one of `sound`.
pub(crate) fn connection(data: &mut Unstructured<'_>, sound: &[&str]) -> Result<String> {
    if data.ratio(4, 5)? {
        return data.choose(sound).map(|name| (*name).to_owned());
    }
    let others = ["closed", "no-such", "db", "cache", "broker", "api", "", "\0", "a\nb", "../api", "DB"];
    if data.ratio(1, 8)? { long(data) } else { data.choose(&others).map(|name| (*name).to_owned()) }
}

/// Any text.
pub(crate) fn text(data: &mut Unstructured<'_>) -> Result<String> {
    match data.int_in_range(0..=9_u8)? {
        0..=5 => data.choose(TEXTS).map(|text| (*text).to_owned()),
        6 => long(data),
        _ => {
            let count = data.int_in_range(0..=24_usize)?;
            let bytes = data.bytes(count.min(data.len()))?;
            Ok(String::from_utf8_lossy(bytes).into_owned())
        }
    }
}

/// A text of a length at which something ends.
pub(crate) fn long(data: &mut Unstructured<'_>) -> Result<String> {
    let length = *data.choose(LENGTHS)?;
    let unit = *data.choose(&["x", "[", "(", "a,", "\u{e9}", "{\"a\":", "/*", ":a,", "-", "0"])?;
    Ok(unit.repeat(length / unit.len()))
}

/// Any bytes.
pub(crate) fn bytes(data: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    if data.ratio(1, 3)? { Ok(vec![0xff, 0, b'\r', b'\n', 0x80]) } else { Ok(text(data)?.into_bytes()) }
}

/// A limit of time: none, none left, short, without end.
pub(crate) fn timeout(data: &mut Unstructured<'_>) -> Result<Option<u32>> {
    data.choose(&[None, None, Some(1_000), Some(0), Some(1), Some(u32::MAX)]).copied()
}

/// How many are wanted.
pub(crate) fn most(data: &mut Unstructured<'_>) -> Result<u32> {
    data.choose(&[1, 10, 1_000, 65_536, 0, u32::MAX]).copied()
}

/// How many there are of something: few, none, and now and then very many.
pub(crate) fn count(data: &mut Unstructured<'_>, very_many: usize) -> Result<usize> {
    data.choose(&[1, 1, 1, 2, 3, 0, 17, very_many]).copied()
}
