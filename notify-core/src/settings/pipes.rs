//! The context that Dagster Pipes gives a program, of which the run's id is a fact: base64 of zlib of JSON.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use crate::format::json::{self, Value};
use crate::os::file::{self, Links};

/// The largest context that is read.
const MAX_CONTEXT_BYTES: usize = 256 * 1024;

pub(crate) fn job_and_run(context: &str) -> Option<(Option<String>, Option<String>)> {
    let packed = STANDARD.decode(context.trim()).ok()?;
    let unpacked = decompress_to_vec_zlib_with_limit(&packed, MAX_CONTEXT_BYTES).ok()?;
    let value = json::read(str::from_utf8(&unpacked).ok()?)?;
    let in_file = value.get("path").and_then(Value::as_str).and_then(|path| {
        let text = file::read(Path::new(path), MAX_CONTEXT_BYTES as u64, Links::Follow);
        json::read(&text.ok()??)
    });
    let value = in_file.unwrap_or(value);
    let data = value.get("data").unwrap_or(&value);
    let text = |name| data.get(name).and_then(Value::as_str).map(str::to_owned);
    Some((text("job_name"), text("run_id")))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use miniz_oxide::deflate::compress_to_vec_zlib;
    use proptest::prelude::*;

    use super::*;
    use crate::testing::Folder;

    /// As Python packs it: `base64.b64encode(zlib.compress(json.dumps(context).encode(), level))`.
    const CONTEXTS: [(&str, &str); 3] = [
        // A block with the code that all know.
        (
            "9d1c3f52-0b6e",
            "eJyrVkpJLElUslKoVioqzYvPTAEylSxTDJON00yNdA2SzFKVdBSUsvKT4vMSc1NBkqklOSChotSSosr4vNLcpNQioLBBbS0AU4gW/Q==",
        ),
        // One that brings its own.
        (
            "9d1c3f52",
            "eNpVkc1KA0EQhF8lzNlD/0z/+Soiyya7ghIjyHoKeXcnEtjyMvBN91RV91zbMm9zez5c2zbOl7bNx/M6cacsbk+HB1t5mu6cmVYJ3FnUgIkygN05ZEfx6FY7j8feHey4jMA+Kkqg3oNVQL6XcaJdqvS+s1aSYTwJUtATIcbxasyTGIfNQE4qBLDUgwnUw9VBbewyME03jYTpR3dhPaqUcLnUu+i/tFANKVd08yDBXd9XF+11XHz/XKb3ZXxzq4VP+mZ/bR9fx+kyf673+3U7t9vtF9u4jjE=",
        ),
        // One that is not packed.
        (
            "9d1c3f52-0b6e",
            "eAEBSwC0/3siZGF0YSI6IHsicnVuX2lkIjogIjlkMWMzZjUyLTBiNmUiLCAiam9iX25hbWUiOiAiZXRsIiwgInJldHJ5X251bWJlciI6IDB9fVOIFv0=",
        ),
    ];

    /// Issue 12, point 10.
    #[test]
    fn the_job_and_the_run_of_a_context_are_read() {
        for (run, context) in CONTEXTS {
            let read = job_and_run(context).unwrap();
            assert_eq!(read, (Some("etl".to_owned()), Some(run.to_owned())));
        }
    }

    /// Issue 12, point 10.
    #[test]
    fn a_context_that_is_in_a_file_is_read_there() {
        let folder = Folder::new();
        let path = folder.path().join("context");
        fs::write(&path, "{\"run_id\": \"9d1c\"}").unwrap();
        let content = format!("{{\"path\": {:?}}}", path.display().to_string());
        let packed = compress_to_vec_zlib(content.as_bytes(), 6);
        let read = job_and_run(&STANDARD.encode(packed));
        assert_eq!(read, Some((None, Some("9d1c".to_owned()))));
    }

    proptest! {
        #[test]
        fn whatever_stands_there_can_be_read(bytes in any::<Vec<u8>>(), text in any::<String>()) {
            job_and_run(&text);
            job_and_run(&STANDARD.encode(&bytes));
            job_and_run(&STANDARD.encode(compress_to_vec_zlib(&bytes, 6)));
        }
    }
}
