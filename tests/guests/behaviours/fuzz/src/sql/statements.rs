//! Statements with values: those that belong together, and those that do not.

use crate::bindings::caisson::sql::client::{Array, Params, Scalar, Statement, Value};
use crate::values::{bytes, count, text, timeout};
use arbitrary::{Result, Unstructured};

/// Statements without values.
const PLAIN: &[&str] = &[
    "select 1",
    "values (1), (2)",
    "select n, t from items order by n limit 100",
    "select * from generate_series(1, 20000)",
    "with recursive c(x) as (select 1 union all select x + 1 from c where x < 5000) select x from c",
    "select pg_sleep(0.02)",
    "select array[[1,2],[3,null]], '1 mon 2 days'::interval, '12.340'::numeric, 'NaN'::numeric, 'infinity'::date",
    "insert into items (n, t) values (1, 'x')",
    "update items set t = 'y' where n < 10",
    "delete from items where n > 100",
];

/// Statements with one value, `{}` in its place, for values of each type.
const WITH_VALUE: &[&str] = &[
    "select {}",
    "insert into items (n) values ({})",
    "insert into items (t) values ({})",
    "select {}::int2",
    "select {}::int8",
    "select {}::float4",
    "select {}::numeric",
    "select {}::text",
    "select {}::json",
    "select {}::jsonb",
    "select {}::date",
    "select {}::time",
    "select {}::timetz",
    "select {}::timestamp",
    "select {}::timestamptz",
    "select {}::interval",
    "select {}::uuid",
    "select {}::bytea",
    "select {}::int4[]",
    "select {}::text[]",
    "select {}::inet",
    "select {}::macaddr",
    "select {}::varbit",
    "select {}::xml",
    "select {}::point",
    "select {}, {}, {}",
];

/// What is refused, or should be, or ends the session.
const NASTY: &[&str] = &[
    "",
    ";",
    "select 1; drop table items",
    "begin",
    "commit",
    "rollback; begin",
    "set transaction read write",
    "set session characteristics as transaction read write",
    "copy items to '/x'",
    "copy items from program 'true'",
    "do $$ begin raise exception 'x' using errcode = '57P01'; end $$",
    "select $$",
    "select $a$ x $b$",
    "select '",
    "select \"",
    "/*",
    "/*/*/*",
    "--",
    "select $0",
    "select $65536",
    "select $99999999999999999999",
    "select :a",
    "select ?",
    "select ?1",
    "select @x := 1",
    "listen x",
    "discard all",
    "deallocate all",
    "declare c cursor with hold for select 1",
    "select 1/0",
    "select no_such()",
    "select * from no_such",
    "select pg_terminate_backend(pg_backend_pid())",
    "select pg_advisory_lock(1)",
    "select set_config('statement_timeout', '0', false)",
    "select zeroblob(20000000)",
    "select repeat('x', 20000000)",
    "attach 'x' as y",
    "pragma journal_mode = delete",
    "vacuum",
    "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c",
    "select * from generate_series(1, 1000000000)",
];

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "12.340",
    "NaN",
    "Infinity",
    "-Infinity",
    "1e5",
    "1E-400",
    "--1",
    ".",
    "",
    "1.",
    ".5",
    "0x10",
    "99999999999999999999999999999999999999999.1",
    "1_000",
];

const MOMENTS: &[&str] = &[
    "2026-11-24",
    "17:30:00.123456",
    "17:30:00+01:00",
    "2026-11-24T17:30:00.123456",
    "2026-11-24T17:30:00.123456+01:00",
    "infinity",
    "-infinity",
    "0000-00-00",
    "-4713-01-01",
    "294277-01-01",
    "5874898-01-01",
    "99999999999-12-31T23:59:59Z",
    "2026-02-30",
    "2026-11-24T24:00:00",
    "2026-11-24T23:59:60Z",
    "2026-11-24T17:30:00+99:99",
    "9223372036854775807-01-01T00:00:00+00:00",
    "P1Y2M3DT4H5M6.789S",
    "P-9223372036854775808Y",
    "P2147483647M2147483647DT2562047788H",
    "P",
    "PT",
    "P1.5Y",
    "T",
    "::",
    "-",
];

pub(super) fn statement(data: &mut Unstructured<'_>) -> Result<Statement> {
    let (text, params) = match data.int_in_range(0..=9_u8)? {
        0..=4 => ((*data.choose(PLAIN)?).to_owned(), Params::None),
        5..=7 => with_value(data)?,
        8 => ((*data.choose(NASTY)?).to_owned(), Params::None),
        _ => (text(data)?, params(data)?),
    };
    Ok(Statement { text, params, timeout_ms: timeout(data)? })
}

/// A statement and sets of values for it.
pub(super) fn sets(data: &mut Unstructured<'_>) -> Result<(String, Vec<Params>)> {
    if data.ratio(1, 3)? {
        let row = Params::Positional(vec![
            Value::Scalar(Scalar::Int(7)),
            Value::Scalar(Scalar::Text("seven".to_owned())),
        ]);
        let many = count(data, 200)?.max(1);
        return Ok(("insert into items (n, t) values ($1, $2)".to_owned(), vec![row; many]));
    }
    let (text, params) = if data.ratio(2, 3)? { with_value(data)? } else { (text(data)?, params(data)?) };
    // What is large once is not to be large a thousand times: that is the memory of this side.
    let large = matches!(&params, Params::None) && text.len() > 100_000;
    let many = if large { 100_000 } else { 3 };
    Ok((text, vec![params; count(data, many)?]))
}

fn with_value(data: &mut Unstructured<'_>) -> Result<(String, Params)> {
    let template = *data.choose(WITH_VALUE)?;
    let value = value(data)?;
    Ok(match data.int_in_range(0..=3_u8)? {
        0..=1 => (template.replace("{}", "$1"), Params::Positional(vec![value])),
        2 => (template.replace("{}", ":a"), Params::Named(vec![("a".to_owned(), value)])),
        _ => (template.replace("{}", "?"), Params::Positional(vec![value])),
    })
}

fn params(data: &mut Unstructured<'_>) -> Result<Params> {
    let value = value(data)?;
    Ok(match data.int_in_range(0..=2_u8)? {
        0 => Params::None,
        1 => {
            let many = if small(&value) { 100_000 } else { 3 };
            Params::Positional(vec![value; count(data, many)?])
        }
        _ => {
            let name = text(data)?;
            let many = if small(&value) && name.len() < 20 { 20_000 } else { 3 };
            Params::Named(vec![(name, value); count(data, many)?])
        }
    })
}

fn small(value: &Value) -> bool {
    matches!(value, Value::Scalar(Scalar::Null | Scalar::Boolean(_) | Scalar::Int(_) | Scalar::Double(_)))
}

fn value(data: &mut Unstructured<'_>) -> Result<Value> {
    if data.ratio(1, 5)? { array(data).map(Value::Array) } else { scalar(data).map(Value::Scalar) }
}

fn array(data: &mut Unstructured<'_>) -> Result<Array> {
    let element =
        if data.ratio(2, 3)? { *data.choose(&["", "int4", "text"])? } else { "no such\0" }.to_owned();
    let item = scalar(data)?;
    let many = if small(&Value::Scalar(item.clone())) { 10_000 } else { 2 };
    let items = vec![item; count(data, many)?];
    let length = u32::try_from(items.len()).unwrap_or_default();
    let dimensions = match data.int_in_range(0..=4_u8)? {
        0..=1 => vec![length],
        2 => vec![u32::MAX; 3],
        3 => vec![u32::MAX; 40],
        _ => vec![0, length],
    };
    Ok(Array { element, dimensions, items })
}

fn scalar(data: &mut Unstructured<'_>) -> Result<Scalar> {
    let moment = |data: &mut Unstructured<'_>| {
        if data.ratio(9, 10)? { data.choose(MOMENTS).map(|text| (*text).to_owned()) } else { text(data) }
    };
    Ok(match data.int_in_range(0..=15_u8)? {
        0 => Scalar::Null,
        1 => Scalar::Boolean(data.arbitrary()?),
        2 => Scalar::Int(*data.choose(&[0, 1, 7, i64::MIN, i64::MAX])?),
        3 => Scalar::Unsigned(*data.choose(&[0, 7, u64::MAX])?),
        4 => Scalar::Double(*data.choose(&[
            0.5,
            -0.0,
            f64::NAN,
            f64::INFINITY,
            f64::MAX,
            f64::MIN_POSITIVE,
        ])?),
        5 => Scalar::Decimal(if data.ratio(9, 10)? {
            (*data.choose(NUMBERS)?).to_owned()
        } else {
            text(data)?
        }),
        6 => Scalar::Text(text(data)?),
        7 => Scalar::Bytes(bytes(data)?),
        8 => Scalar::Date(moment(data)?),
        9 => Scalar::Time(moment(data)?),
        10 => Scalar::Timestamp(moment(data)?),
        11 => Scalar::TimestampTz(moment(data)?),
        12 => Scalar::Interval(moment(data)?),
        13 => {
            Scalar::Uuid((*data.choose(&["67e55044-10b1-426f-9247-bb680e5fe0c8", "{}", "0", ""])?).to_owned())
        }
        14 => Scalar::Json(json(data)?),
        _ => Scalar::Other(moment(data)?),
    })
}

fn json(data: &mut Unstructured<'_>) -> Result<String> {
    Ok(match data.int_in_range(0..=4_u8)? {
        0 => "{\"a\": [1, 2.5, null, \"\\u0000\"]}".to_owned(),
        // Deeper than any stack.
        1 => format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        2 => "{\"a\":".repeat(50_000),
        3 => "1e999999".to_owned(),
        _ => text(data)?,
    })
}
