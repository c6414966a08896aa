use crate::{Outcome, run::root};
use std::{fs, path::Path};

/// The parts of a new module: where each file goes and what it says.
const FILES: [(&str, &str); 6] = [
    ("Cargo.toml", include_str!("../template/Cargo.toml.txt")),
    ("src/lib.rs", include_str!("../template/lib.rs.txt")),
    ("src/routes.rs", include_str!("../template/routes.rs.txt")),
    ("src/service.rs", include_str!("../template/service.rs.txt")),
    ("src/store.rs", include_str!("../template/store.rs.txt")),
    ("tests/api.rs", include_str!("../template/api.rs.txt")),
];
const MIGRATION: &str = include_str!("../template/migration.sql.txt");

/// Makes the module and enters it where modules are listed.
pub fn run(name: &str) -> Outcome {
    let names = Names::of(name)?;
    let folder = root().join("modules").join(&names.kebab);
    if folder.exists() {
        return Err(format!("{} exists already", folder.display()));
    }
    for (file, text) in FILES {
        write(&folder.join(file), &names.fill(text))?;
    }
    let migration = root().join("migrations").join(format!("{:04}_{}.sql", next_migration()?, names.snake));
    write(&migration, &names.fill(MIGRATION))?;
    let dependency = format!("{} = {{ path = \"modules/{}\" }}", names.kebab, names.kebab);
    add_line(&root().join("Cargo.toml"), "smtp = { path", &dependency)?;
    add_line(&root().join("apps/server/Cargo.toml"), "bots.workspace", &format!("{}.workspace = true", names.kebab))?;
    add_line(
        &root().join("apps/server/src/modules.rs"),
        "    bots::module(),",
        &format!("    {}::module(),", names.snake),
    )?;
    println!("made modules/{} and {}", names.kebab, migration.display());
    println!("next: `cargo xtask sqlx`, `cargo xtask openapi`, then `cargo xtask test -p {}`", names.kebab);
    Ok(())
}

/// `price-alerts` in the spellings that code needs.
struct Names {
    kebab: String,
    snake: String,
    /// One of them, in snake_case.
    one: String,
    /// All of them, in CamelCase.
    camel: String,
    /// One of them, in CamelCase.
    camel_one: String,
}

impl Names {
    fn of(name: &str) -> Result<Self, String> {
        let sound = name.split('-').all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()));
        if !sound || name.len() < 3 || name.len() > 40 {
            return Err(format!("`{name}` is not a name in kebab-case, such as `price-alerts`"));
        }
        let snake = name.replace('-', "_");
        let one = snake.strip_suffix('s').unwrap_or(&snake).to_owned();
        let (camel, camel_one) = (camel(&snake), camel(&one));
        Ok(Self { kebab: name.to_owned(), snake, one, camel, camel_one })
    }

    fn fill(&self, text: &str) -> String {
        let text = text.replace("{{kebab}}", &self.kebab).replace("{{snake}}", &self.snake);
        let text = text.replace("{{one}}", &self.one).replace("{{Camel}}", &self.camel);
        let spoken = self.one.replace('_', " ");
        text.replace("{{One}}", &self.camel_one)
            .replace("{{ONE}}", &self.one.to_uppercase())
            .replace("{{a one}}", &spoken)
    }
}

fn camel(snake: &str) -> String {
    let words = snake.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect()
}

fn next_migration() -> Result<u32, String> {
    let entries = fs::read_dir(root().join("migrations")).map_err(|error| error.to_string())?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.filter_map(|name| name.split('_').next()?.parse::<u32>().ok()).max().unwrap_or_default() + 1)
}

/// Adds a line after the one that begins so.
fn add_line(path: &Path, after: &str, line: &str) -> Outcome {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut lines: Vec<&str> = text.lines().collect();
    let place = lines.iter().position(|known| known.starts_with(after));
    let place = place.ok_or_else(|| format!("{} has no line `{after}…`", path.display()))?;
    lines.insert(place + 1, line);
    write(path, &(lines.join("\n") + "\n"))
}

fn write(path: &Path, text: &str) -> Outcome {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)
}
