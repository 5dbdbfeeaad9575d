//! Every text file of the checkout, read once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::scanner::{self, Production};

/// Hidden folders that belong to the project; all others are some tool's own.
const HIDDEN_FOLDERS: &[&str] = &[".ci", ".config"];

pub static TREE: LazyLock<Tree> = LazyLock::new(Tree::read);

#[derive(Debug)]
pub struct Tree {
    pub root: PathBuf,
    pub files: Vec<File>,
}

#[derive(Debug)]
pub struct File {
    /// From the root, with `/` between folders.
    pub path: String,
    pub text: String,
    /// For Rust: without comments and the insides of strings.
    pub code: String,
    /// For Rust: the code that is shipped or helps tests, without the tests; empty in a test's own file.
    pub production: String,
}

impl Tree {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
        let mut found = Vec::new();
        walk(&root, &mut found);
        found.sort();
        let mut files: Vec<File> = found.iter().filter_map(|path| File::read(&root, path)).collect();
        cut_tests(&mut files);
        Self { root, files }
    }

    pub fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    pub fn text(&self, path: &str) -> &str {
        &self.files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{path} is missing")).text
    }

    /// The names of the files directly in a folder, sorted.
    pub fn names_in(&self, folder: &str) -> Vec<&str> {
        let inside = |file: &'static File| file.path.strip_prefix(folder)?.strip_prefix('/');
        TREE.files.iter().filter_map(inside).filter(|name| !name.contains('/')).collect()
    }
}

impl File {
    fn read(root: &Path, path: &Path) -> Option<Self> {
        let text = String::from_utf8(std::fs::read(path).ok()?).ok()?;
        let path = path.strip_prefix(root).ok()?.to_str()?.replace('\\', "/");
        let code = if path.ends_with(".rs") { scanner::code_of(&text) } else { String::new() };
        Some(Self { path, text, code, production: String::new() })
    }

    pub fn at(&self, offset: usize) -> String {
        format!("{}:{}", self.path, scanner::line_of(&self.text, offset))
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        if !path.is_dir() {
            found.push(path);
        } else if HIDDEN_FOLDERS.contains(&&*name) || !(name.starts_with('.') || is_build_output(&path)) {
            walk(&path, found);
        }
    }
}

/// Cargo marks what it builds into, wherever the developer has put it.
fn is_build_output(folder: &Path) -> bool {
    folder.join("CACHEDIR.TAG").exists()
}

fn cut_tests(files: &mut [File]) {
    let crates: Vec<String> =
        files.iter().filter_map(|file| file.path.strip_suffix("Cargo.toml")).map(|at| format!("{at}tests/")).collect();
    let mut of_tests = BTreeSet::new();
    for file in files.iter_mut().filter(|file| file.path.ends_with(".rs")) {
        let Production { code, test_modules } = scanner::production_of(&file.text, &file.code);
        file.production = code;
        of_tests.extend(test_modules.iter().flat_map(|(name, path)| places(&file.path, name, path.as_deref())));
    }
    for file in files {
        let in_tests_folder = crates.iter().any(|folder| folder != "tests/" && file.path.starts_with(folder));
        let in_test_module =
            of_tests.iter().any(|place| file.path == *place || place.ends_with('/') && file.path.starts_with(place));
        if in_tests_folder || in_test_module {
            file.production.clear();
        }
    }
}

/// Where the compiler looks for a module that is declared in a file: files, and the folder of its own modules.
fn places(declared_in: &str, name: &str, path: Option<&str>) -> Vec<String> {
    let (folder, file) = declared_in.rsplit_once('/').unwrap_or(("", declared_in));
    if let Some(path) = path {
        return vec![format!("{folder}/{path}")];
    }
    let own = match file {
        "mod.rs" | "lib.rs" | "main.rs" => format!("{folder}/{name}"),
        _ => format!("{folder}/{}/{name}", file.trim_end_matches(".rs")),
    };
    vec![format!("{own}.rs"), format!("{own}/")]
}
