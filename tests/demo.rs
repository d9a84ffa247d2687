//! The demo of the README, with the binaries under test.

use std::path::Path;
use std::process::Command;

/// The demo with what `folder` holds for binaries: whether it ended well, and what it printed.
fn demo(folder: &Path) -> (bool, String) {
    let output = Command::new("sh")
        .args(["tests/demo.sh".as_ref(), folder.as_os_str()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
fn the_demo_shows_each_answer() {
    let built = Path::new(env!("CARGO_BIN_EXE_treewarden"))
        .parent()
        .unwrap();
    let (done, said) = demo(built);
    assert!(done, "{said}");
    for answer in [
        "error[denied-path]",
        "error[only-denied-paths]",
        "accepted: bpf-next/net",
        "or split it",
        "advice: refused before anything was sent",
        "0 FAIL",
    ] {
        assert!(said.contains(answer), "{said}");
    }
}

#[test]
fn the_demo_fails_where_the_gate_does_not_judge() {
    let folder = tempfile::tempdir().unwrap();
    let built = Path::new(env!("CARGO_BIN_EXE_treewarden"));
    std::fs::copy(built, folder.path().join("treewarden")).unwrap();
    // Hooks that accept whatever comes.
    for program in ["treewarden-pre-receive", "treewarden-post-receive"] {
        std::os::unix::fs::symlink("/bin/true", folder.path().join(program)).unwrap();
    }
    let (done, said) = demo(folder.path());
    assert!(
        !done && said.contains("was to end in `denied-path`"),
        "{said}"
    );
}
