//! The pages that tell people what to type, and their commands as they stand there.

/// `docs/programs.md`.
pub const PROGRAMS: &str = include_str!("../../../../docs/programs.md");

/// `docs/ssh-clients.md`.
pub const SSH_CLIENTS: &str = include_str!("../../../../docs/ssh-clients.md");

/// The `number`th block of commands, from 0, below a heading of a page, up to the next heading.
pub fn commands(page: &'static str, heading: &str, number: usize) -> &'static str {
    let (_, section) = page
        .split_once(&format!("# {heading}\n"))
        .unwrap_or_else(|| panic!("no heading {heading:?}"));
    let section = section.split("\n#").next().expect("text");
    let block = section.split("```\n").nth(2 * number + 1);
    block.unwrap_or_else(|| panic!("below {heading:?} there is no block {number}"))
}

/// The rows of the page's first table: what stands in the first cell, and in the second.
pub fn rows() -> Vec<(&'static str, &'static str)> {
    let mut lines = PROGRAMS.lines().skip_while(|line| !line.starts_with("|--"));
    let table = lines.by_ref().skip(1).take_while(|line| line.starts_with('|'));
    let cells = table.map(|line| line.trim_matches('|').split(" | ").map(str::trim));
    cells.map(|mut cells| (cells.next().expect("a cell"), cells.next().expect("a cell"))).collect()
}
