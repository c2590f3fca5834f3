//! What is known of the commands of Redis: which operation each is, where its keys are, whether it may be done twice. Data; what reads
//! it is in [`crate::keys`].
//!
//! What is not here is `admin`, and its keys are unknown.

use crate::client::wire::Command;
use crate::keys::{self, Found};

/// Operations of grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Op {
    Read,
    Write,
    Publish,
    Script,
    Admin,
}

impl Op {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Publish => "publish",
            Self::Script => "script",
            Self::Admin => "admin",
        }
    }
}

/// Where the keys of a command are. Numbers count words; the name is 0, or 0 and 1 with a subcommand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// It touches none.
    None,
    /// It touches any, or nobody knows which.
    Unknown,
    /// At this word.
    At(usize),
    /// At each of these words.
    Two(usize, usize),
    /// From this word to the last, by this step.
    From(usize, usize),
    /// As many as this word says follow it.
    Counted(usize),
    /// The target at 1, then as many as the word 2 says.
    Stored,
    /// After the word STREAMS, half of what is left.
    Streams,
    /// SORT: a key, perhaps a target, perhaps patterns of other keys.
    Sort,
    /// GEORADIUS: a key, perhaps a target.
    Radius,
    /// COPY: two keys, perhaps of another database.
    Copied,
    /// KEYS: a pattern of keys.
    Pattern,
    /// SCAN: a pattern of keys among options.
    Scan,
}

/// Whether a command leaves and answers the same when it is done twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Twice {
    Yes,
    No,
    /// If it has no more than so many words: options may make it conditional.
    Plain(usize),
    /// SET, without those of its options that make it conditional.
    Set,
}

/// What is known of a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) op: Op,
    pub(crate) keys: Keys,
    pub(crate) twice: Twice,
}

/// A row: names, with their subcommand if they have one, parted by commas.
type Row = (Op, Keys, Twice, &'static str);

use Keys::{At, Copied, Counted, From, Pattern, Radius, Scan, Sort, Stored, Streams, Two, Unknown};
use Op::{Admin, Publish, Read, Script, Write};
use Twice::{No, Plain, Set, Yes};

#[rustfmt::skip]
const TABLE: &[Row] = &[
    (Read, Keys::None, Yes, "PING,ECHO,TIME,COMMAND"),
    (Read, At(1), Yes, "GET,STRLEN,GETRANGE,SUBSTR,TYPE,TTL,PTTL,EXPIRETIME,PEXPIRETIME,DUMP,BITCOUNT,BITPOS,GETBIT,BITFIELD_RO"),
    (Read, At(1), Yes, "HGET,HMGET,HGETALL,HKEYS,HVALS,HLEN,HEXISTS,HSTRLEN,HSCAN,HRANDFIELD,HTTL,HPTTL,HEXPIRETIME,HPEXPIRETIME"),
    (Read, At(1), Yes, "LLEN,LRANGE,LINDEX,LPOS,SMEMBERS,SISMEMBER,SMISMEMBER,SCARD,SRANDMEMBER,SSCAN"),
    (Read, At(1), Yes, "ZSCORE,ZMSCORE,ZCARD,ZCOUNT,ZLEXCOUNT,ZRANGE,ZREVRANGE,ZRANGEBYSCORE,ZREVRANGEBYSCORE,ZRANGEBYLEX"),
    (Read, At(1), Yes, "ZREVRANGEBYLEX,ZRANK,ZREVRANK,ZSCAN,ZRANDMEMBER,XLEN,XRANGE,XREVRANGE,XPENDING"),
    (Read, At(1), Yes, "GEOPOS,GEODIST,GEOHASH,GEOSEARCH,GEORADIUS_RO,GEORADIUSBYMEMBER_RO"),
    (Read, From(1, 1), Yes, "EXISTS,TOUCH,MGET,SINTER,SUNION,SDIFF,PFCOUNT"),
    (Read, Two(1, 2), Yes, "LCS"),
    (Read, Counted(1), Yes, "ZUNION,ZINTER,ZDIFF,SINTERCARD,ZINTERCARD"),
    (Read, Streams, Yes, "XREAD"),
    (Read, At(2), Yes, "OBJECT ENCODING,OBJECT REFCOUNT,OBJECT IDLETIME,OBJECT FREQ,MEMORY USAGE,XINFO STREAM,XINFO GROUPS,XINFO CONSUMERS"),
    (Read, Sort, Yes, "SORT_RO"),
    (Read, Pattern, Yes, "KEYS"),
    (Read, Scan, Yes, "SCAN"),
    (Read, Unknown, Yes, "RANDOMKEY,DBSIZE"),
    (Write, At(1), Set, "SET"),
    (Write, At(1), Yes, "SETEX,PSETEX,SETRANGE,GETEX,HMSET,LSET"),
    (Write, At(1), Plain(3), "EXPIRE,PEXPIRE,EXPIREAT,PEXPIREAT"),
    (Write, At(1), No, "SETNX,APPEND,INCR,DECR,INCRBY,DECRBY,INCRBYFLOAT,GETSET,GETDEL,SETBIT,BITFIELD,PERSIST,RESTORE,PFADD,GEOADD"),
    (Write, At(1), No, "HSET,HSETNX,HINCRBY,HINCRBYFLOAT,HDEL,HGETDEL,HGETEX,HSETEX,HEXPIRE,HPEXPIRE,HEXPIREAT,HPEXPIREAT,HPERSIST"),
    (Write, At(1), No, "LPUSH,RPUSH,LPUSHX,RPUSHX,LPOP,RPOP,LREM,LINSERT,LTRIM,SADD,SREM,SPOP"),
    (Write, At(1), No, "ZADD,ZREM,ZINCRBY,ZPOPMIN,ZPOPMAX,ZREMRANGEBYRANK,ZREMRANGEBYSCORE,ZREMRANGEBYLEX"),
    (Write, At(1), No, "XADD,XDEL,XTRIM,XACK,XCLAIM,XAUTOCLAIM,XSETID,XACKDEL,XDELEX"),
    (Write, At(2), No, "XGROUP CREATE,XGROUP SETID,XGROUP DESTROY,XGROUP CREATECONSUMER,XGROUP DELCONSUMER"),
    (Write, From(1, 1), No, "DEL,UNLINK"),
    (Write, From(1, 2), Yes, "MSET"),
    (Write, From(1, 2), No, "MSETNX"),
    (Write, From(1, 1), No, "SUNIONSTORE,SINTERSTORE,SDIFFSTORE,PFMERGE"),
    (Write, From(2, 1), No, "BITOP"),
    (Write, Two(1, 2), No, "RENAME,RENAMENX,LMOVE,RPOPLPUSH,SMOVE,ZRANGESTORE,GEOSEARCHSTORE"),
    (Write, Copied, No, "COPY"),
    (Write, Counted(1), No, "LMPOP,ZMPOP"),
    (Write, Stored, No, "ZUNIONSTORE,ZINTERSTORE,ZDIFFSTORE"),
    (Write, Radius, No, "GEORADIUS,GEORADIUSBYMEMBER"),
    (Write, Sort, No, "SORT"),
    (Write, Streams, No, "XREADGROUP"),
    (Publish, At(1), No, "PUBLISH,SPUBLISH"),
    (Script, Counted(2), No, "EVAL,EVALSHA,EVAL_RO,EVALSHA_RO,FCALL,FCALL_RO"),
    (Script, Keys::None, Yes, "SCRIPT LOAD,SCRIPT EXISTS"),
    (Admin, Unknown, Yes, "INFO,LASTSAVE,CONFIG GET,SLOWLOG GET,SLOWLOG LEN"),
];

/// What no service may do, with what to do instead.
#[rustfmt::skip]
const REFUSED: &[(&str, &str)] = &[
    ("SELECT,AUTH,HELLO,CLIENT,QUIT,RESET,READONLY,READWRITE,ASKING,SCRIPT DEBUG",
        "it changes a connection that others use; an operator sets user, password and database in the connection's definition"),
    ("MULTI,EXEC,DISCARD,WATCH,UNWATCH",
        "a connection is shared; run several commands as one by a pipeline with `atomic`, or by a script"),
    ("SUBSCRIBE,PSUBSCRIBE,SSUBSCRIBE,UNSUBSCRIBE,PUNSUBSCRIBE,SUNSUBSCRIBE,MONITOR",
        "a service does not wait for messages; an operator defines a channel that brings them to it"),
    ("BLPOP,BRPOP,BRPOPLPUSH,BLMOVE,BLMPOP,BZPOPMIN,BZPOPMAX,BZMPOP",
        "it blocks a connection; use the same command without the B, or a channel on a stream"),
    ("WAIT,WAITAOF,SYNC,PSYNC,REPLCONF",
        "it blocks a connection or turns it into a replica's"),
];

/// Why a command is never run, if it is not.
pub(crate) fn refused(command: &Command) -> Option<String> {
    let name = name(command, 1);
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Some("a command has a name: give it as the first of its words".to_owned());
    };
    let full = self::name(command, 2);
    let among = |names: &str| names.split(',').any(|one| one == name || Some(one) == full.as_deref());
    if let Some((_, hint)) = REFUSED.iter().find(|(names, _)| among(names)) {
        return Some(format!("{name} cannot be used: {hint}"));
    }
    if matches!(name.as_str(), "XREAD" | "XREADGROUP") && keys::blocks(command) {
        let hint = "it blocks a connection; leave BLOCK out, or define a channel on the stream";
        return Some(format!("{name} with BLOCK cannot be used: {hint}"));
    }
    None
}

/// What is known of a command.
pub(crate) fn known(command: &Command) -> Known {
    let (name, full) = (name(command, 1), name(command, 2));
    let row = TABLE.iter().find(|(.., names)| {
        names
            .split(',')
            .any(|one| Some(one) == name.as_deref() || (one.contains(' ') && Some(one) == full.as_deref()))
    });
    let unknown = Known { op: Admin, keys: Unknown, twice: No };
    row.map_or(unknown, |(op, keys, twice, _)| Known { op: *op, keys: *keys, twice: *twice })
}

/// Whether it may be done twice.
pub(crate) fn idempotent(command: &Command) -> bool {
    match known(command).twice {
        Yes => true,
        No => false,
        Plain(words) => command.len() <= words,
        Set => command.get(3..).unwrap_or_default().iter().all(|word| {
            let plain = [&b"EX"[..], b"PX", b"EXAT", b"PXAT", b"KEEPTTL"];
            plain.iter().any(|one| word.eq_ignore_ascii_case(one)) || word.iter().all(u8::is_ascii_digit)
        }),
    }
}

/// The first key, by which a cluster finds the node.
pub(crate) fn first_key(command: &Command) -> Option<&[u8]> {
    let keys = match keys::of(command, known(command).keys) {
        Found::All(keys) | Found::Some(keys) => keys,
        Found::Pattern(_) => return None,
    };
    keys.first().copied()
}

/// The name of a command in upper case, of one word or of two. Nothing if it is no name.
fn name(command: &Command, words: usize) -> Option<String> {
    let words = command.get(..words)?;
    let fits = words.iter().all(|word| word.len() <= 64 && word.iter().all(u8::is_ascii_graphic));
    let text = words
        .iter()
        .map(|word| String::from_utf8_lossy(word).to_ascii_uppercase())
        .collect::<Vec<_>>()
        .join(" ");
    fits.then_some(text)
}
