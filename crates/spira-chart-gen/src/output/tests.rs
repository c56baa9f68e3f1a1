use std::fs;

use super::{Stale, Written, check, write};
use crate::emit::File;

fn file(path: &str, text: &str) -> File {
    File {
        path: path.into(),
        text: text.into(),
    }
}

#[test]
fn writes_what_is_stale_and_removes_what_nothing_makes() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |path: &str| folder.path().join(path);
    fs::create_dir_all(at("spira/charts/gone/templates")).expect("folders");
    fs::write(at("spira/charts/gone/templates/a.yaml"), "a").expect("a file");
    fs::write(at("spira/same"), "same\n").expect("a file");
    fs::write(at("spira/other"), "one\ntwo\n").expect("a file");
    fs::create_dir_all(at("mine")).expect("a folder");
    fs::write(at("mine/values.yaml"), "not ours").expect("a file");
    let files = [
        file("spira/same", "same\n"),
        file("spira/other", "one\n2\n"),
        file("spira/new/x", "x\n"),
    ];

    let stale = check(folder.path(), &files).expect("readable");
    assert_eq!(
        stale,
        [
            Stale::Differs {
                path: at("spira/other"),
                hint: "     2 -two\n     2 +2".into()
            },
            Stale::Missing(at("spira/new/x")),
            Stale::Extra(at("spira/charts/gone/templates/a.yaml")),
        ]
    );
    assert!(!at("spira/new").exists(), "a check writes nothing");

    let written = write(folder.path(), &files).expect("writable");
    assert_eq!(
        written,
        Written {
            changed: 2,
            removed: 1
        }
    );
    assert_eq!(check(folder.path(), &files).expect("readable"), []);
    assert!(!at("spira/charts").exists());
    assert_eq!(
        fs::read_to_string(at("mine/values.yaml")).expect("still there"),
        "not ours"
    );
    assert_eq!(
        write(folder.path(), &files).expect("writable"),
        Written::default()
    );
    let left: Vec<_> = fs::read_dir(at("spira")).expect("a folder").collect();
    assert_eq!(left.len(), 3, "no temporary file is left");
}

#[test]
fn a_folder_in_place_of_a_file_is_an_error_with_its_path() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(folder.path().join("spira/a/b")).expect("folders");
    let error = write(folder.path(), &[file("spira/a", "x")]).expect_err("a folder is there");
    assert_eq!(error.path, folder.path().join("spira/a"));
}
