//! A credential is given, or what the live Secret holds, or generated; never a new one where there is one.

use serde_json::Value;
use xtask::helm::Helm;
use xtask::oracle::{self, Oracle};

use crate::compare::{GENERATED, agree, compare, is_credential};
use crate::support::{Case, Live, chart, find};

fn jwt(case: &Case) -> Value {
    let objects = agree(case).expect("rendered");
    find(&objects, "Secret", "spira-api-server-jwt")["stringData"]["key"].clone()
}

fn live(secret: &str, key: &str, value: &str) -> Vec<Live> {
    vec![Live {
        secret: secret.into(),
        key: key.into(),
        value: value.into(),
    }]
}

/// Nothing is generated, and the key of the tokens is all that is not in a Secret of the user's.
const ONLY_JWT: &str = "\
global:
  secrets: {generate: false}
  user: {existingSecret: mine}
  connections: {objectStore: {existingSecret: mine}}
mongodb: {enabled: false}";

#[test]
fn credential_is_given_or_live_or_generated() {
    let given = "0123456789abcdef0123456789abcdef";
    let values = format!("api-server: {{jwt: {{key: {given}}}}}");
    let there = live("spira-api-server-jwt", "key", "what the cluster holds");
    assert_eq!(jwt(&Case::new("")), GENERATED);
    assert_eq!(
        jwt(&Case {
            live: there.clone(),
            ..Case::new("")
        }),
        "what the cluster holds"
    );
    assert_eq!(
        jwt(&Case {
            live: there.clone(),
            ..Case::new(&*values)
        }),
        given
    );
    // A live Secret counts where generating is off, too.
    let off = ONLY_JWT;
    assert_eq!(
        jwt(&Case {
            live: there,
            ..Case::new(off)
        }),
        "what the cluster holds"
    );
    // Another Secret, or another key of the same, does not.
    let other = live("other-api-server-jwt", "key", "b");
    assert_eq!(
        jwt(&Case {
            live: other,
            ..Case::new("")
        }),
        GENERATED
    );
    let other = live("spira-api-server-jwt", "other", "b");
    assert_eq!(
        jwt(&Case {
            live: other,
            ..Case::new("")
        }),
        GENERATED
    );
}

#[test]
fn live_secret_of_another_namespace_is_not_taken() {
    let there = live("spira-api-server-jwt", "key", "what another release holds");
    for helm in Helm::ALL {
        let question = oracle::Case {
            secrets: there.iter().map(|live| live.object("elsewhere")).collect(),
            ..Case::new("").for_helm()
        };
        let answer = Oracle::start(helm, &chart())
            .expect("oracle")
            .render(&question)
            .expect("answer");
        compare(&Case::new("").outcome(), &answer)
            .unwrap_or_else(|found| panic!("{helm:?}: {}", found.text));
    }
}

#[test]
fn generated_credentials_differ_from_one_rendering_to_the_next() {
    for helm in Helm::ALL {
        let mut oracle = Oracle::start(helm, &chart()).expect("oracle");
        let mut key = || {
            let rendered = oracle
                .render(&Case::new("").for_helm())
                .expect("answer")
                .expect("rendered");
            let secret = find(&rendered.objects, "Secret", "spira-api-server-jwt");
            secret["stringData"]["key"]
                .as_str()
                .expect("text")
                .to_owned()
        };
        let (first, second) = (key(), key());
        assert!(is_credential(&first) && first != second, "{first} {second}");
    }
}

#[test]
fn credential_that_is_nowhere_and_not_to_be_generated_is_named() {
    let case = Case::new("global: {secrets: {generate: false}}");
    let error = agree(&case).expect_err("refused");
    assert!(error.contains("api-server.jwt.key"), "{error}");
    for helm in Helm::ALL {
        let answer = Oracle::start(helm, &chart())
            .expect("oracle")
            .render(&case.for_helm());
        let error = answer.expect("answer").expect_err("refused");
        for path in [
            "api-server.jwt.key",
            "bootstrap.password",
            "minio.accessKey",
            "mongodb.password",
        ] {
            assert!(error.contains(&format!("- {path}\n")), "{helm:?}: {error}");
        }
    }
    let given = format!("{ONLY_JWT}\napi-server: {{jwt: {{existingSecret: mine}}}}");
    let given = Case::new(given);
    let objects = agree(&given).expect("a Secret of the user's is enough");
    assert!(objects.iter().all(|object| object["kind"] != "Secret"));
}
