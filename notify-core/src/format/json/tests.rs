use proptest::prelude::*;

use super::*;

/// What another reads in what is written here.
fn read_by_another(value: &Value) -> serde_json::Value {
    serde_json::from_str(&value.text()).unwrap()
}

#[test]
fn an_object_is_written_as_others_read_it() {
    let made = object! {
        "text": "ž \"\\ \n\r\t\u{8}\u{c}\0\u{7f}\u{2028}",
        "yes": true,
        "numbers": Value::from([1, -1]),
        "large": u64::MAX,
        "parts": vec![0.1, 1.0, 1e300, 5e-324, f64::NAN, f64::INFINITY],
        "none": None::<&str>,
        "": object! {},
        "lists": Value::Array(vec![Vec::<u8>::new().into(), Value::Null]),
    };
    let expected = serde_json::json!({
        "text": "ž \"\\ \n\r\t\u{8}\u{c}\0\u{7f}\u{2028}",
        "yes": true,
        "numbers": [1, -1],
        "large": u64::MAX,
        "parts": [0.1, 1.0, 1e300, 5e-324, null, null],
        "none": null,
        "": {},
        "lists": [[], null],
    });
    assert_eq!(read_by_another(&made), expected);
}

#[test]
fn an_entry_may_be_left_out() {
    let made = object! {
        "some": some(Some(1)), "none": some(None::<u8>), "text": filled("x"), "empty": filled(""),
        "list": filled(vec!["x"]), "nothing": filled(Vec::<&str>::new()), "zero": filled(0),
    };
    assert_eq!(
        made.text(),
        r#"{"list":["x"],"some":1,"text":"x","zero":0}"#
    );
}

#[test]
fn an_entry_takes_the_place_of_one_of_its_name() {
    let mut object = object! { "a": 1, "b": 2 };
    object.put("a", 3);
    object.keep(&|name| name != "b");
    assert_eq!(object.text(), r#"{"a":3}"#);
}

#[test]
fn what_is_read_is_found_by_its_names() {
    let said = read(
        r#" { "ok" : true, "id": 9007199254740993, "a": {"b": {"c": "x"}}, "pause": 1.5e1 } "#,
    );
    let said = said.unwrap();
    assert_eq!(
        said.get("id").and_then(Value::as_i64),
        Some(9_007_199_254_740_993)
    );
    assert_eq!(said.get("pause").and_then(Value::as_f64), Some(15.0));
    assert_eq!(said.at(&["a", "b", "c"]).and_then(Value::as_str), Some("x"));
    for names in [["a", "c"], ["ok", "b"], ["x", "b"]] {
        assert!(said.at(&names).is_none(), "{names:?}");
    }
}

#[test]
fn a_number_beyond_all_bounds_is_none() {
    let number = read("1e999").unwrap();
    assert_eq!((number.as_f64(), number.as_i64()), (None, None));
    assert_eq!(read("1.0").unwrap().as_i64(), None);
}

/// The one thing in which services are not taken to the letter.
#[test]
fn half_of_a_pair_is_an_unknown_character() {
    for (text, expected) in [
        (r#""\ud83d""#, "\u{fffd}"),
        (r#""\ud83d…""#, "\u{fffd}…"),
        (r#""\ude00\ud83d\ude00""#, "\u{fffd}😀"),
        (r#""\ud83dA""#, "\u{fffd}A"),
    ] {
        assert_eq!(read(text).unwrap().as_str(), Some(expected), "{text}");
    }
}

#[test]
fn values_lie_in_each_other_up_to_a_bound() {
    let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
    assert!(read(&nested(128)).is_some());
    assert!(read(&nested(129)).is_none());
    assert!(read(&"[".repeat(1_000_000)).is_none());
    assert!(read(&"{\"a\":".repeat(1_000_000)).is_none());
}

#[test]
fn what_is_no_json_is_not_read() {
    for text in [
        "", " ", "nul", "nulll", "True", "+1", "01", "-", "-01", ".5", "1.", "1.e1", "1e", "1e+",
        "0x1", "NaN", "Infinity", "'a'", "\"", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\u+123\"",
        "\"\\u12é4\"", "\"\n\"", "\"\0\"", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{",
        "{a:1}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1 \"b\":2}", "{1:2}", "1 2", "[]]",
        "{}x", "\u{a0}1", "\u{feff}1", "// x\n1",
    ] {
        assert!(read(text).is_none(), "{text}");
        assert!(
            serde_json::from_str::<serde_json::Value>(text).is_err(),
            "{text}"
        );
    }
}

/// Values of every kind, as another makes them.
fn any_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_another_writes_is_read_and_written_as_it_was(value in any_value()) {
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let read = read(&text).unwrap();
            prop_assert_eq!(read_by_another(&read), serde_json::from_str::<serde_json::Value>(&text).unwrap());
        }
    }

    #[test]
    fn what_is_read_is_what_another_reads(text in r#"([\[\]{},: \n"0-9.eE+-]|\\u[0-9a-f]{4}|\\[a-z]|"a":|true|null|é){0,12}"#) {
        let other = serde_json::from_str::<serde_json::Value>(&text);
        match (read(&text), other) {
            (Some(read), Ok(other)) => prop_assert_eq!(read_by_another(&read), other),
            (Some(_), Err(_)) => prop_assert!(text.contains("\\u") || text.contains(['e', 'E']), "{}", text),
            (None, other) => prop_assert!(other.is_err(), "{}", text),
        }
    }
}
