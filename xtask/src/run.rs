use crate::Outcome;
use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The folder of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// A call of cargo in the workspace.
pub fn cargo<S: AsRef<OsStr>>(arguments: &[S]) -> Call {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(arguments);
    Call(command)
}

/// A call of a script of the workspace.
pub fn script(path: &str, arguments: &[&str]) -> Call {
    let mut command = Command::new(root().join(path));
    command.args(arguments);
    Call(command)
}

/// A program that is about to be called.
pub struct Call(Command);

impl Call {
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// Runs it; an unsuccessful end is an error.
    pub fn run(mut self) -> Outcome {
        let name = self.0.get_program().to_string_lossy().into_owned();
        let status = self.0.status().map_err(|error| format!("{name} cannot be started: {error}"))?;
        if status.success() { Ok(()) } else { Err(format!("{name} ended with {status}")) }
    }

    /// Runs it and answers what it printed.
    pub fn output(mut self) -> Result<String, String> {
        let output = self.0.stderr(Stdio::inherit()).output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(format!("{} ended with {}", self.0.get_program().to_string_lossy(), output.status));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs it with its output in a file of the workspace, which stays as it was where that fails.
    pub fn stdout_to(self, file: &str) -> Outcome {
        let path = root().join(file);
        let text = self.output()?;
        fs::write(&path, text).map_err(|error| format!("{} cannot be written: {error}", path.display()))
    }
}
