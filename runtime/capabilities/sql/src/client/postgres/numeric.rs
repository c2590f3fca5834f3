//! PostgreSQL's `numeric`: groups of four digits.

/// The binary form as decimal digits, all of them.
pub(super) fn read(bytes: &[u8]) -> Option<String> {
    let (pairs, _rest) = bytes.as_chunks::<2>();
    let mut words = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
    let count = usize::from(words.next()?);
    let weight = i32::from(words.next()?.cast_signed());
    let (sign, scale) = (words.next()?, usize::from(words.next()?));
    match sign {
        0x0000 | 0x4000 => {}
        0xC000 => return Some("NaN".to_owned()),
        0xD000 => return Some("Infinity".to_owned()),
        0xF000 => return Some("-Infinity".to_owned()),
        _ => return None,
    }
    let groups: Vec<u16> = words.collect();
    if groups.len() != count || groups.iter().any(|group| *group > 9_999) {
        return None;
    }
    let group = |at: i32| usize::try_from(at).ok().and_then(|at| groups.get(at)).copied().unwrap_or(0);
    let mut out = String::new();
    if sign == 0x4000 {
        out.push('-');
    }
    if weight < 0 {
        out.push('0');
    } else {
        out.push_str(&group(0).to_string());
        for at in 1..=weight {
            out.push_str(&format!("{:04}", group(at)));
        }
    }
    if scale > 0 {
        let mut fraction = String::with_capacity(scale + 4);
        let mut at = weight + 1;
        while fraction.len() < scale {
            fraction.push_str(&format!("{:04}", group(at)));
            at += 1;
        }
        fraction.truncate(scale);
        out.push('.');
        out.push_str(&fraction);
    }
    Some(out)
}

/// Decimal digits in the binary form.
pub(super) fn write(text: &str) -> Option<Vec<u8>> {
    let special =
        |sign: u16| Some([0, 0, sign, 0].iter().flat_map(|word: &u16| word.to_be_bytes()).collect());
    match text {
        "NaN" => return special(0xC000),
        "Infinity" => return special(0xD000),
        "-Infinity" => return special(0xF000),
        _ => {}
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (0x4000_u16, rest),
        None => (0, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    // Filled up to whole groups on both sides of the point.
    let padded = format!("{}{whole}", "0".repeat((4 - whole.len() % 4) % 4));
    let tail = format!("{fraction}{}", "0".repeat((4 - fraction.len() % 4) % 4));
    let mut weight = i32::try_from(padded.len() / 4).ok()? - 1;
    let mut groups: Vec<u16> = Vec::with_capacity((padded.len() + tail.len()) / 4);
    for chunk in padded.as_bytes().chunks(4).chain(tail.as_bytes().chunks(4)) {
        groups.push(chunk.iter().fold(0, |sum, byte| sum * 10 + u16::from(byte - b'0')));
    }
    let zeros = groups.iter().take_while(|group| **group == 0).count();
    groups.drain(..zeros);
    weight -= i32::try_from(zeros).ok()?;
    while groups.last() == Some(&0) {
        groups.pop();
    }
    if groups.is_empty() {
        weight = 0;
    }
    let head = [
        u16::try_from(groups.len()).ok()?,
        i16::try_from(weight).ok()?.cast_unsigned(),
        if groups.is_empty() { 0 } else { sign },
        u16::try_from(fraction.len()).ok().filter(|scale| *scale < 0x4000)?,
    ];
    Some(head.into_iter().chain(groups).flat_map(u16::to_be_bytes).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stay_the_same_both_ways() {
        for text in [
            "0",
            "0.00",
            "1",
            "-1",
            "12.340",
            "0.0001",
            "0.00001000",
            "10000",
            "99999999.9999",
            "-0.5",
            "1000000000000.000000000001",
            "NaN",
            "Infinity",
            "-Infinity",
            "123456789012345678901234567890.123456789",
        ] {
            assert_eq!(read(&write(text).unwrap()).as_deref(), Some(text));
        }
        assert_eq!(read(&write("-007.10").unwrap()).as_deref(), Some("-7.10"));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", ".", "-", "1e5", "1.2.3", "1; drop", "١", " 1", "0x1"] {
            assert_eq!(write(text), None, "{text}");
        }
        for bytes in
            [&b""[..], b"\0", b"\0\x01\0\0\0\0\0\0", b"\0\0\0\0\x12\0\0\0", b"\0\x01\0\0\0\0\0\0\xff\xff"]
        {
            assert_eq!(read(bytes), None);
        }
    }
}
