//! What a file holds: a few numbered lines, far enough apart that git merges changes to different
//! ones without a conflict.

/// The numbers of a file's lines; `None` where there is no file.
pub type Version = Option<[u32; LINES]>;

/// How many lines of a file change.
pub const LINES: usize = 6;

/// What stands in the file.
pub fn text(file: usize, lines: [u32; LINES]) -> String {
    let mut text = format!("file {file}\n");
    for (at, line) in lines.iter().enumerate() {
        text.push_str(&format!("--\n{at} {line:x}\n--\n"));
    }
    text
}

/// What comes of both sides' changes; where they are to the same line, theirs counts.
pub fn merged(base: Version, ours: Version, theirs: Version) -> Version {
    if theirs == base {
        return ours;
    }
    let (Some(base), Some(ours), Some(mut lines)) = (base, ours, theirs) else {
        return theirs;
    };
    for (at, line) in lines.iter_mut().enumerate() {
        if *line == base[at] {
            *line = ours[at];
        }
    }
    Some(lines)
}
