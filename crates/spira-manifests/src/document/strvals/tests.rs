use serde_json::{Map, Value, json};

use super::{SetError, set};

fn parsed(text: &str, typed: bool) -> Result<Value, SetError> {
    let mut map = Map::new();
    set(&mut map, text, typed)?;
    Ok(Value::Object(map))
}

#[test]
fn reads_what_helm_documents() {
    let cases = [
        (
            "a.b=c,d[0]=e,f={x,y}",
            json!({ "a": { "b": "c" }, "d": ["e"], "f": ["x", "y"] }),
        ),
        (
            "a=null,b=TRUE,c=false,d=0,e=12,f=-3,g=012",
            json!({ "a": null, "b": true, "c": false, "d": 0, "e": 12, "f": -3, "g": "012" }),
        ),
        ("a=1.5,b=1e3,c=", json!({ "a": "1.5", "b": "1e3", "c": "" })),
        (r"a\.b=c\,d,e=f\=g\\", json!({ "a.b": "c,d", "e": r"f=g\" })),
        ("a[1]=x", json!({ "a": [null, "x"] })),
        (
            "a[0].b=1,a[1].b=2",
            json!({ "a": [{ "b": 1 }, { "b": 2 }] }),
        ),
        ("a[0][1]=x", json!({ "a": [[null, "x"]] })),
        (
            "a={},b={1,true},c=d",
            json!({ "a": [""], "b": [1, true], "c": "d" }),
        ),
        ("a=b c,d= e ", json!({ "a": "b c", "d": " e " })),
        ("a=b=c", json!({ "a": "b=c" })),
        ("a.b=1,a.c=2,a.b=3", json!({ "a": { "b": 3, "c": 2 } })),
        ("", json!({})),
    ];
    for (text, expected) in cases {
        assert_eq!(parsed(text, true), Ok(expected), "{text}");
    }
}

#[test]
fn set_string_keeps_text() {
    assert_eq!(
        parsed("a=1,b={true,null}", false),
        Ok(json!({ "a": "1", "b": ["true", "null"] }))
    );
}

#[test]
fn refuses_what_it_cannot_read() {
    let cases = [
        ("a", "key \"a\" has no value, write `a=…`"),
        ("a,b=1", "key \"a\" has no value, write `a=…`"),
        ("a={b", "a list must end with '}'"),
        ("a[x]=1", "\"x\" is not an index from 0 to 65536"),
        ("a[-1]=1", "\"-1\" is not an index from 0 to 65536"),
        ("a[65537]=1", "\"65537\" is not an index from 0 to 65536"),
        ("a[0]b=1", "\"b\" after an index: expected '.', '[' or '='"),
        ("a=1,a.b=2", "\"a\" is 1, not a map"),
        ("a.b=1,a[0]=2", "\"a\" is {\"b\":1}, not a list"),
    ];
    for (text, message) in cases {
        assert_eq!(
            parsed(text, true).map_err(|e| e.to_string()),
            Err(message.to_owned()),
            "{text}"
        );
    }
    assert_eq!(
        parsed(&("a.".repeat(31) + "b=1"), true),
        Err(SetError::TooDeep)
    );
    let indices = |count: usize| format!("a{}=1", "[0]".repeat(count));
    assert_eq!(
        parsed(&indices(10_000), true),
        Err(SetError::TooManyIndices)
    );
    assert!(parsed(&indices(200), true).is_ok());
}
