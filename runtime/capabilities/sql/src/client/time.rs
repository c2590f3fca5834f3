//! Dates, times and intervals as PostgreSQL counts them: days and microseconds from the year 2000, for longer than most calendars reach.

const DAY: i64 = 86_400_000_000;
/// From 1970-01-01 to 2000-01-01.
const EPOCH: i64 = 10_957;

/// Days from 2000-01-01 as `2026-11-24`.
pub(super) fn date(days: i32) -> String {
    match days {
        i32::MAX => return "infinity".to_owned(),
        i32::MIN => return "-infinity".to_owned(),
        _ => {}
    }
    let (year, month, day) = civil(i64::from(days) + EPOCH);
    // Years beyond four digits have a sign, as ISO 8601 wants it.
    if (0..=9_999).contains(&year) {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:+05}-{month:02}-{day:02}")
    }
}

/// Microseconds from midnight as `17:30:00.123456`.
pub(super) fn time(micros: i64) -> String {
    let (seconds, rest) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let text = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if rest == 0 { text } else { format!("{text}.{rest:06}") }
}

/// Seconds west of Greenwich as `+01:00`.
pub(super) fn zone(west: i32) -> String {
    let (sign, off) = if west > 0 { ('-', west.unsigned_abs()) } else { ('+', west.unsigned_abs()) };
    let text = format!("{sign}{:02}:{:02}", off / 3_600, off / 60 % 60);
    if off.is_multiple_of(60) { text } else { format!("{text}:{:02}", off % 60) }
}

/// Microseconds from 2000-01-01 as `2026-11-24T17:30:00`.
pub(super) fn timestamp(micros: i64) -> String {
    match micros {
        i64::MAX => return "infinity".to_owned(),
        i64::MIN => return "-infinity".to_owned(),
        _ => {}
    }
    let days = i32::try_from(micros.div_euclid(DAY)).unwrap_or_default();
    format!("{}T{}", date(days), time(micros.rem_euclid(DAY)))
}

/// An interval as `P1Y2M3DT4H5M6.789S`; each part has its own sign.
pub(super) fn interval(micros: i64, days: i32, months: i32) -> String {
    let mut out = "P".to_owned();
    let mut part = |number: i64, unit: &str| {
        if number != 0 {
            out.push_str(&format!("{number}{unit}"));
        }
    };
    part(i64::from(months / 12), "Y");
    part(i64::from(months % 12), "M");
    part(i64::from(days), "D");
    if micros != 0 {
        out.push('T');
        let (hours, minutes) = (micros / 3_600_000_000, micros / 60_000_000 % 60);
        let (seconds, rest) = (micros / 1_000_000 % 60, micros % 1_000_000);
        if hours != 0 {
            out.push_str(&format!("{hours}H"));
        }
        if minutes != 0 {
            out.push_str(&format!("{minutes}M"));
        }
        if seconds != 0 || rest != 0 {
            let sign = if micros < 0 { "-" } else { "" };
            let fraction = if rest == 0 { String::new() } else { format!(".{:06}", rest.unsigned_abs()) };
            out.push_str(&format!("{sign}{}{}S", seconds.unsigned_abs(), fraction.trim_end_matches('0')));
        }
    }
    if out.len() == 1 { "PT0S".to_owned() } else { out }
}

/// `2026-11-24` as days from 2000-01-01.
pub(super) fn read_date(text: &str) -> Option<i32> {
    match text {
        "infinity" => return Some(i32::MAX),
        "-infinity" => return Some(i32::MIN),
        _ => {}
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut parts = digits.split('-');
    let (year, month, day) =
        (number(parts.next()?, 4, 6)? * sign, number(parts.next()?, 2, 2)?, number(parts.next()?, 2, 2)?);
    let days = days(year, month, day);
    // What was no date comes back as another one.
    (parts.next().is_none() && civil(days) == (year, month, day))
        .then(|| i32::try_from(days - EPOCH).ok())
        .flatten()
}

/// `17:30:00.123456` as microseconds from midnight.
pub(super) fn read_time(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = whole.split(':');
    let (hours, minutes) = (number(parts.next()?, 2, 2)?, number(parts.next()?, 2, 2)?);
    let seconds = parts.next().map_or(Some(0), |part| number(part, 2, 2))?;
    let micros = micros(fraction)?;
    let sum = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + micros;
    (parts.next().is_none() && minutes < 60 && seconds < 61 && sum <= DAY).then_some(sum)
}

/// A time or a timestamp with its offset, if it has one, in seconds west.
pub(super) fn split_zone(text: &str) -> Option<(&str, Option<i32>)> {
    if let Some(rest) = text.strip_suffix(['Z', 'z']) {
        return Some((rest, Some(0)));
    }
    // Signs before the time belong to the date.
    let from = text.find(['T', ' ']).unwrap_or(0);
    let Some(at) = text.get(from..)?.rfind(['+', '-']).map(|at| at + from).filter(|at| *at > 0) else {
        return Some((text, None));
    };
    let (rest, zone) = text.split_at_checked(at)?;
    let sign = if zone.starts_with('-') { 1 } else { -1 };
    let mut parts = zone.get(1..)?.split(':');
    let hours = number(parts.next()?, 2, 2)?;
    let minutes = parts.next().map_or(Some(0), |part| number(part, 2, 2))?;
    let seconds = parts.next().map_or(Some(0), |part| number(part, 2, 2))?;
    let off = i32::try_from(hours * 3_600 + minutes * 60 + seconds).ok()?;
    (parts.next().is_none() && hours < 16 && minutes < 60 && seconds < 60).then_some((rest, Some(sign * off)))
}

/// `2026-11-24T17:30:00` as microseconds from 2000-01-01.
pub(super) fn read_timestamp(text: &str) -> Option<i64> {
    match text {
        "infinity" => return Some(i64::MAX),
        "-infinity" => return Some(i64::MIN),
        _ => {}
    }
    let (date, time) = text.split_once(['T', ' '])?;
    i64::from(read_date(date)?).checked_mul(DAY)?.checked_add(read_time(time)?)
}

/// `P1Y2M3DT4H5M6.789S` as microseconds, days and months.
pub(super) fn read_interval(text: &str) -> Option<(i64, i32, i32)> {
    let (dates, times) = match text.strip_prefix('P')?.split_once('T') {
        Some((dates, times)) => (dates, Some(times)),
        None => (text.strip_prefix('P')?, None),
    };
    if dates.is_empty() && times.is_none_or(str::is_empty) {
        return None;
    }
    let (mut micros_sum, mut days, mut months) = (0_i64, 0_i32, 0_i32);
    for (number, unit) in parts(dates)? {
        let number: i32 = number.parse().ok()?;
        match unit {
            'Y' => months = months.checked_add(number.checked_mul(12)?)?,
            'M' => months = months.checked_add(number)?,
            'W' => days = days.checked_add(number.checked_mul(7)?)?,
            'D' => days = days.checked_add(number)?,
            _ => return None,
        }
    }
    for (number, unit) in parts(times.unwrap_or_default())? {
        let factor = match unit {
            'H' => 3_600_000_000_i64,
            'M' => 60_000_000,
            'S' => 1_000_000,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let part = micros(fraction)?;
        if part != 0 && unit != 'S' {
            return None;
        }
        let part = if whole.starts_with('-') { -part } else { part };
        micros_sum =
            micros_sum.checked_add(whole.parse::<i64>().ok()?.checked_mul(factor)?)?.checked_add(part)?;
    }
    Some((micros_sum, days, months))
}

/// Numbers, each with its unit.
fn parts(text: &str) -> Option<Vec<(&str, char)>> {
    let (mut found, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let at = rest.find(|letter: char| letter.is_ascii_alphabetic())?;
        let (number, tail) = rest.split_at_checked(at)?;
        found.push((number, tail.chars().next()?));
        rest = tail.get(1..)?;
    }
    Some(found)
}

fn number(text: &str, least: usize, most: usize) -> Option<i64> {
    let fits = (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

/// The digits after the point as microseconds; finer ones are refused unless they are zero.
fn micros(fraction: &str) -> Option<i64> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (kept, finer) = fraction.split_at_checked(fraction.len().min(6))?;
    finer.bytes().all(|byte| byte == b'0').then(|| format!("{kept:0<6}").parse().ok()).flatten()
}

/// The date of a number of days from 1970-01-01, in the proleptic Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    // Years begin in March here: the leap day is the last one.
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_stay_the_same_both_ways() {
        for text in [
            "2000-01-01",
            "1999-12-31",
            "2024-02-29",
            "0001-01-01",
            "0000-12-31",
            "-0043-03-15",
            "+12026-01-01",
            "infinity",
            "-infinity",
        ] {
            assert_eq!(date(read_date(text).unwrap()), text);
        }
        for text in ["2026-11-24T17:30:00.123456", "1900-01-01T00:00:00", "infinity"] {
            assert_eq!(timestamp(read_timestamp(text).unwrap()), text);
        }
        for text in ["P1Y2M3DT4H5M6.789S", "P-1M2DT-0.5S", "PT0S", "P10D", "PT-1H-2M-3.000001S", "PT100H"] {
            let (micros, days, months) = read_interval(text).unwrap();
            assert_eq!(interval(micros, days, months), text);
        }
        assert_eq!(read_timestamp("2026-11-24 17:30:00"), read_timestamp("2026-11-24T17:30:00"));
        assert_eq!(split_zone("2026-11-24T17:30:00+01:00"), Some(("2026-11-24T17:30:00", Some(-3_600))));
        assert_eq!(split_zone("17:30:00-05:30"), Some(("17:30:00", Some(19_800))));
        assert_eq!(split_zone("2026-11-24T17:30:00"), Some(("2026-11-24T17:30:00", None)));
    }

    #[test]
    fn what_is_no_date_or_time_is_refused() {
        for text in ["2023-02-29", "2026-13-01", "26-1-1", "2026-11-24x", "", "2026-11", "'; drop table t"] {
            assert_eq!(read_date(text), None, "{text}");
        }
        for text in ["25:00:00", "12:60:00", "12", "12:00:00.1234567", "12:00:00.", "-1:00:00"] {
            assert_eq!(read_time(text), None, "{text}");
        }
        for text in ["", "P", "PT", "1D", "P1X", "P1.5D", "PT1.5H", "P99999999999D", "P1D2", "PT1.0000001S"] {
            assert_eq!(read_interval(text), None, "{text}");
        }
    }
}
