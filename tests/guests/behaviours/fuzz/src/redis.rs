//! `caisson:redis`.

use crate::bindings::caisson::redis::client;
use crate::run::Run;
use crate::values::{bytes, connection, count, text};
use arbitrary::{Result, Unstructured};

const CONNECTIONS: &[&str] = &["cache", "cache", "cache", "closed-cache"];

/// Commands as words, sound ones and those that read beyond their end.
const COMMANDS: &[&str] = &[
    "GET fuzz:a",
    "SET fuzz:a 1",
    "INCR fuzz:a",
    "LPUSH fuzz:l a b c",
    "LRANGE fuzz:l 0 -1",
    "HSET fuzz:h a 1 b 2",
    "HGETALL fuzz:h",
    "MGET fuzz:a fuzz:b other:c",
    "SCAN 0 MATCH fuzz:* COUNT 10",
    "KEYS *",
    "SORT fuzz:l BY x STORE other:y",
    "ZUNIONSTORE fuzz:z 18446744073709551615 a",
    "EVAL return 99999999999999999999 a",
    "EVALSHA nonsense -1",
    "XREAD BLOCK 0 STREAMS fuzz:s $",
    "XREAD COUNT",
    "BLPOP fuzz:l 0",
    "SUBSCRIBE x",
    "MULTI",
    "SELECT 1",
    "AUTH x",
    "SHUTDOWN NOSAVE",
    "CONFIG SET dir /",
    "DEBUG SLEEP 100",
    "FLUSHALL",
    "GETRANGE fuzz:a -9223372036854775808 9223372036854775807",
    "SETRANGE fuzz:a 536870911 x",
    "EXPIRE fuzz:a -9223372036854775808",
    "PUBLISH fuzz:c hello",
    "OBJECT",
    "XINFO",
    "GET",
    "ECHO a\r\nb",
];

/// Scripts; none runs without end, which would be Redis's trouble and not the host's.
const SCRIPTS: &[&str] = &[
    "return 1",
    "return {1, {2, {3, 'x'}}, false}",
    "return redis.error_reply('MY own')",
    "return redis.call('GET', KEYS[1])",
    "local t = {} for i = 1, 300 do t = {t} end return t",
    "local t = {} for i = 1, 5000 do t[i] = i end return t",
    "redis.setresp(3) return {map = {a = 1}}",
    "return redis.call('nothing')",
    "this is no lua",
    "",
    "return string.rep('x', 100000)",
    "error({err = 'BAD\\r\\n+OK'})",
];

pub(crate) async fn step(data: &mut Unstructured<'_>, run: &mut Run) -> Result<()> {
    let to = connection(data, CONNECTIONS)?;
    match data.int_in_range(0..=2_u8)? {
        0 => {
            let command = command(data)?;
            run.call(data, "redis run", client::run(to, command)).await?;
        }
        1 => {
            let one = command(data)?;
            let small = one.iter().map(Vec::len).sum::<usize>() < 100;
            let mut all = vec![one; count(data, if small { 20_000 } else { 3 })?];
            all.push(command(data)?);
            let atomic = data.ratio(1, 2)?;
            run.call(data, "redis pipeline", client::pipeline(to, all, atomic)).await?;
        }
        _ => {
            let source = if data.ratio(4, 5)? { (*data.choose(SCRIPTS)?).to_owned() } else { text(data)? };
            let keys = words(data)?;
            let arguments = words(data)?;
            run.call(data, "redis script", client::script(to, source, keys, arguments)).await?;
        }
    }
    Ok(())
}

fn words(data: &mut Unstructured<'_>) -> Result<Vec<Vec<u8>>> {
    let one = if data.ratio(1, 2)? { b"fuzz:a".to_vec() } else { bytes(data)? };
    let many = if one.len() > 100 { 3 } else { 5_000 };
    Ok(vec![one; count(data, many)?])
}

fn command(data: &mut Unstructured<'_>) -> Result<Vec<Vec<u8>>> {
    let mut words: Vec<Vec<u8>> = if data.ratio(9, 10)? {
        data.choose(COMMANDS)?.split(' ').map(|word| word.as_bytes().to_vec()).collect()
    } else {
        words(data)?
    };
    match data.int_in_range(0..=9_u8)? {
        0 => words.push(bytes(data)?),
        1 => drop(words.pop()),
        2 if !words.is_empty() => {
            let at = data.choose_index(words.len())?;
            words[at] = bytes(data)?;
        }
        _ => {}
    }
    Ok(words)
}
