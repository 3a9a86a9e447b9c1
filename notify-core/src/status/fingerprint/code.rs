//! Numbers that distinguish one error from another: codes.

/// A word or number after one of these is a code, and no noise.
const CODE_WORDS: &[&str] = &[
    "errno", "sqlstate", "sqlcode", "signal", "rc", "ret", "retcode", "returncode", "hresult",
    "winerror",
];

/// What follows this is a code too, unless the word before says that it is one of the data: `zip code`.
const CODE: &str = "code";

/// The words that may stand before `code` where it is one of a failure, beside those of the other lists.
const BEFORE_CODE: &[&str] = &[
    "return", "returns", "result", "failure", "completion", "exits", "sql", "os", "native",
    "vendor", "zero", "unexpected", "process", "command", "child", "curl", "grpc", "its", "a",
    "an", "the", "for", "and",
];

/// Behind one of these a number that is one of HTTP's for errors may count something after all.
const COMPARISONS: &[&str] = &["expected", "expecting", "expects", "want", "wanted"];

/// What fails says `with` before its code: `failed with 5`.
const FAILED: &[&str] = &[
    "failed", "fails", "ended", "aborted", "rejected", "refused", "closed", "crashed", "died",
    "back",
];

/// What vendors put before the number of an error, without a blank: `ORA-00942`, `AADSTS50011`, `SQL0204N`. What looks
/// the same and is not among these is mostly an id of the data: `INV-10042`.
const VENDORS: &[&str] = &[
    "ORA-", "TNS-", "PLS-", "RMAN-", "KUP-", "DPY-", "DPI-", "OCI-", "SP2-", "SQL", "AMQ",
    "AADSTS", "TS", "YN", "dbt",
];

/// A number after one of these may be a code, as in `curl: (7) …`. It is none where it counts something.
const WEAK_CODE_WORDS: &[&str] = &[
    "error", "err", "fatal", "panic", "status", "exit", "exited", "reason", "response", "curl",
    "sqlite",
];

/// A number after one of these is a code where HTTP has it for errors.
const ANSWER_WORDS: &[&str] = &["http", "returned", "got", "received"];

/// A number after one of these is a code also where a server of mail or files has it for errors.
const REPLY_WORDS: &[&str] = &["responded", "replied", "answered", "smtp", "ftp"];

/// These may stand between such a word and the code.
const BETWEEN: &[&str] = &[
    "is", "was", "of", "some", "with", "by", "number", "num", "value", "message", "no", "occurred",
];

/// What may follow a code that counts nothing.
const AFTER_CODE: &[&str] = &[
    "for", "from", "on", "at", "in", "while", "when", "after", "during", "to", "occurred", "has",
];

/// What follows one of these is an id.
const ID_WORDS: &[&str] = &[
    "id", "ids", "uuid", "guid", "ulid", "token", "nonce", "hash", "sha", "commit", "digest",
    "etag", "checksum", "requestid", "traceid", "spanid", "sessionid", "txid", "xid",
];

/// What the words of a line say of the next one.
#[derive(Default)]
pub(super) struct Context {
    expected: Expected,
    /// The word before, where no mark parts it from the next one.
    before: String,
    /// Whether the line has a time, as a log's has: `ERROR` and `FATAL` are levels there.
    pub(super) is_log: bool,
    /// Whether the line compares numbers: `expected 500, got 503`.
    compares: bool,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Expected {
    #[default]
    Word,
    Code,
    PerhapsCode,
    PerhapsHttpCode,
    PerhapsReply,
    /// What SQL says besides: `ERROR 1045 (28000)`.
    SecondCode,
    Id,
}

impl Context {
    /// Reads a word, which is no code.
    pub(super) fn read(&mut self, part: &str, word: &str) {
        self.expected = self.expects(part, word);
        self.compares |= COMPARISONS.contains(&word);
        word.clone_into(&mut self.before);
    }

    pub(super) fn pass_noise(&mut self, is_number: bool) {
        self.before.clear();
        // `HTTP/1.1 404`
        if !(is_number && self.expected == Expected::PerhapsHttpCode) {
            self.expected = Expected::Word;
        }
    }

    pub(super) fn pass_code(&mut self) {
        self.before.clear();
        self.expected = Expected::SecondCode;
    }

    pub(super) fn end_clause(&mut self) {
        self.before.clear();
    }

    pub(super) fn end_item(&mut self) {
        self.expected = Expected::Word;
    }

    /// Looks at what may be compared: `expected 200, got 503` is about a server's answer.
    pub(super) fn compare(&mut self, chunk: &str, follows: Option<&str>) {
        let counts = follows.is_some_and(|follows| !["but", "and", "got"].contains(&follows));
        self.compares &= counts || !is_answer_of_success(chunk);
    }

    pub(super) fn expects_id(&self) -> bool {
        self.expected == Expected::Id
    }

    fn expects(&self, part: &str, word: &str) -> Expected {
        // In `statusCode` the last word counts.
        let is_capital = |pair: &[u8]| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase();
        let hump = part.as_bytes().windows(2).rposition(is_capital);
        let last = hump.map_or_else(String::new, |at| part[at + 1..].to_lowercase());
        let is_of = |words: &[&str]| words.contains(&word) || words.contains(&&*last);
        // What `KeyError` is about is a key.
        let is_type = part.ends_with("Error") && word != "error";
        let is_level = self.is_log && ["ERROR", "FATAL"].contains(&part);
        let is_sql_state = word == "state" && self.before == "sql";
        let names_code = || {
            let hump = word.strip_suffix(CODE)?;
            (is_of(&[CODE]) && self.is_before_code(hump)).then_some(())
        };
        match () {
            () if is_of(CODE_WORDS) || names_code().is_some() || is_sql_state => Expected::Code,
            () if is_type || is_level => Expected::PerhapsHttpCode,
            () if is_of(WEAK_CODE_WORDS) => Expected::PerhapsCode,
            () if is_of(ID_WORDS) => Expected::Id,
            () if word == "with" && FAILED.contains(&&*self.before) => Expected::PerhapsCode,
            () if BETWEEN.contains(&word) && self.expected != Expected::Word => self.expected,
            () if ANSWER_WORDS.contains(&word) => Expected::PerhapsHttpCode,
            () if REPLY_WORDS.contains(&word) => Expected::PerhapsReply,
            () => Expected::Word,
        }
    }

    /// Returns whether the `code` behind these words is one of a failure: `error code`, `statusCode`, but not `zip code`.
    fn is_before_code(&self, hump: &str) -> bool {
        const LISTS: [&[&str]; 7] = [
            BEFORE_CODE, CODE_WORDS, WEAK_CODE_WORDS, ANSWER_WORDS, REPLY_WORDS, FAILED, BETWEEN,
        ];
        let mut words = LISTS.into_iter().flatten();
        match (hump, &*self.before) {
            ("", "") => true,
            ("", before) => words.any(|word| *word == before),
            (hump, _) => words.any(|word| hump.ends_with(word)),
        }
    }

    /// Returns whether it is a code, which distinguishes one error from another.
    pub(super) fn is_code(&self, part: &str, follows: Option<&str>) -> bool {
        let is_http = is_http_code(part) && !self.compares;
        let counts_nothing = follows.is_none_or(|follows| {
            self.before == "http"
                || AFTER_CODE.contains(&&*follows.to_lowercase())
                || is_http && !follows.starts_with(|c: char| c.is_lowercase() || c.is_numeric())
        });
        match self.expected {
            Expected::Word | Expected::Id => false,
            Expected::Code => has_form_of_code(part, 4) || has_form_of_slurm(part),
            Expected::PerhapsCode => {
                counts_nothing && (has_form_of_code(part, 1) || is_sql_state(part))
            }
            Expected::SecondCode => part.len() == 5 && has_form_of_code(part, 4),
            Expected::PerhapsHttpCode => counts_nothing && is_http,
            Expected::PerhapsReply => counts_nothing && is_reply(part) && !self.compares,
        }
    }
}

/// Returns whether it looks like a code: `12`, `E0433` with so many letters at most, `42P01`,
/// `0xC0000005`.
fn has_form_of_code(part: &str, letters: usize) -> bool {
    if let Some(hex) = part.strip_prefix("0x").or(part.strip_prefix("0X")) {
        let is_short = hex.len() <= 4;
        // Those of Windows.
        let is_windows = hex.len() == 8 && hex.starts_with(['8', 'c', 'C']);
        return (is_short || is_windows) && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    let number = part.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_windows = number.len() == 10
        && ["3", "10737", "214"]
            .iter()
            .any(|head| number.starts_with(head));
    if is_number && (number.len() <= 5 || is_windows) && part.len() - number.len() <= letters {
        return true;
    }
    // Those of SQL.
    letters > 1 && has_letters_of_sql(part)
}

/// Returns whether it is an exit code with a signal: `0:9`.
fn has_form_of_slurm(part: &str) -> bool {
    let is_short = |number: &str| (1..=3).contains(&number.len()) && number.parse::<u8>().is_ok();
    let parts = part.split_once(':');
    parts.is_some_and(|(code, signal)| is_short(code) && is_short(signal))
}

/// Returns whether it has the form of SQL's codes, five digits and capitals: `42P01`, `HY000`.
pub(super) fn has_letters_of_sql(part: &str) -> bool {
    let is_sql = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    part.len() == 5 && part.bytes().all(is_sql) && part.bytes().any(|byte| byte.is_ascii_digit())
}

/// Returns whether it is one of those, by itself: `42P01`, where `SKU12` could be anything.
fn is_sql_state(part: &str) -> bool {
    has_letters_of_sql(part) && part.starts_with(|c: char| c.is_ascii_digit())
}

/// Returns whether it is what a server answers where something failed.
fn is_http_code(part: &str) -> bool {
    matches!(
        part.parse::<u16>(),
        Ok(400..=431 | 451 | 499..=511 | 520..=530)
    )
}

/// Returns whether it is one of those, or of a server of mail or files.
pub(super) fn is_reply(part: &str) -> bool {
    is_http_code(part)
        || matches!(
            part.parse(),
            Ok(434_u16 | 450..=455 | 532..=535 | 550..=556)
        )
}

/// Returns whether it is what a server answers where nothing failed.
fn is_answer_of_success(part: &str) -> bool {
    part == "2xx" || matches!(part.parse(), Ok(100_u16..400))
}

/// Returns whether it is a vendor's name for an error: `ORA-00942`, or `0x80070005` of Windows.
pub(super) fn is_of_vendor(chunk: &str) -> bool {
    if ["0x80", "0xC0", "0xc0"]
        .iter()
        .any(|head| chunk.starts_with(head))
    {
        return chunk.len() == 10 && chunk[2..].bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    // `SQL0204N`
    let chunk = chunk.strip_suffix(['N', 'W', 'C', 'E']).unwrap_or(chunk);
    let name = chunk.trim_end_matches(|c: char| c.is_ascii_digit());
    (4..=7).contains(&(chunk.len() - name.len())) && VENDORS.contains(&name)
}

/// Returns whether an error is nothing but a code: `E1001`, `DB-12`, `-22`, `404`.
pub(super) fn is_alone(error: &str) -> bool {
    let digits = error.trim_start_matches(|c: char| c.is_ascii_uppercase() || "-_".contains(c));
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number
        && (1..=5).contains(&digits.len())
        && (digits.len() < error.len() || is_http_code(error))
}
